package scenarios

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"reliabilitylab/netem"
)

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		in   string
		want netem.Rate
		err  string // a part of the message; "" where it is right
	}{
		{"10Mbit", 10_000_000, ""},
		{"10Mbit/s", 10_000_000, ""},
		{"10 Mbit/s", 10_000_000, ""},
		{"1.5Mbit", 1_500_000, ""},
		{"0.1Gbit", 100_000_000, ""},
		{"2.500000001Gbit", 2_500_000_001, ""},
		{"1kbit", 1000, ""},
		{"1000Gbit", 1_000_000_000_000, ""},
		{"unlimited", 0, ""},
		{"10Mbps", 0, "megabytes a second in tc, megabits elsewhere; write 10Mbit"},
		{"3kbps", 0, "kilobytes a second in tc, kilobits elsewhere; write 3kbit"},
		{"10mbit", 0, "write 10Mbit"},
		{"10Kbit", 0, "write 10kbit"},
		{"10MB/s", 0, "a byte is 8 bits"},
		{"10", 0, "no unit"},
		{"10m", 0, "the units are kbit, Mbit and Gbit"},
		{"0Mbit", 0, `for no limit write "unlimited"`},
		{"0.5kbit", 0, "less than 1kbit"},
		{"1001Gbit", 0, "more than 1000Gbit"},
		{"1.2345kbit", 0, "not a whole number of bits a second"},
		{"-1Mbit", 0, "negative"},
		{"999999999999999999Gbit", 0, "too large"},
		{"1234567890123456789Gbit", 0, "too many digits"},
		{"", 0, "not a number"},
		{".5Mbit", 0, "not a number"},
		{"5.Mbit", 0, "not a number"},
		{strings.Repeat("1", 100), 0, "too long"},
	} {
		got, err := ParseRate(c.in)
		check1(t, c.in, got, err, c.want, c.err)
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want netem.Size
		err  string
	}{
		{"1500", 1500, ""},
		{"0", 0, ""},
		{"1500B", 1500, ""},
		{"100kB", 100_000, ""},
		{"64KiB", 65_536, ""},
		{"5MiB", 5_242_880, ""},
		{"1.5MiB", 1_572_864, ""},
		{"0.0009765625MiB", 1024, ""},
		{"2GB", 2_000_000_000, ""},
		{"1GiB", 1_073_741_824, ""},
		{"5MIB", 0, "5MB (1000000 bytes) or 5MiB (1048576 bytes)"},
		{"5k", 0, "5kB (1000 bytes) or 5KiB (1024 bytes)"},
		{"5Mbit", 0, "a size is in bytes"},
		{"100p", 0, "counts packets"},
		{"0.3B", 0, "not a whole number of bytes"},
		{"99999999999999999GiB", 0, "too large"},
		{"-5", 0, "negative"},
		{"five", 0, "not a number"},
	} {
		got, err := ParseSize(c.in)
		check1(t, c.in, got, err, c.want, c.err)
	}
}

func TestParseProbability(t *testing.T) {
	for _, c := range []struct {
		in   string
		want netem.Probability
		err  string
	}{
		{"2%", 0.02, ""},
		{"0.02", 0.02, ""},
		{"0.1%", 0.001, ""},
		{"29%", 0.29, ""}, // 29 / 100.0 is this too, but 0.29 * 100 is not 29: reading must not multiply
		{"0.7%", 0.007, ""},
		{"0%", 0, ""},
		{"0", 0, ""},
		{"100%", 1, ""},
		{"1.0", 1, ""},
		{"1", 0, "1% or 100%"},
		{"2", 0, "did you mean 2%?"},
		{"120%", 0, "more than 100%"},
		{"-1%", 0, "negative"},
		{"2 percent", 0, "write 2% or 0.02"},
		{"NaN", 0, "not a number"},
		{"1e-3", 0, "write 2% or 0.02"},
	} {
		got, err := ParseProbability(c.in)
		check1(t, c.in, got, err, c.want, c.err)
	}
}

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
		err  string
	}{
		{"25ms", 25_000_000, ""},
		{"1.5s", 1_500_000_000, ""},
		{"1m30s", 90_000_000_000, ""},
		{"0", 0, ""},
		{"0s", 0, ""},
		{"25", 0, "25ms or 25s"},
		{"25 ms", 0, "without the space"},
		{"3sec", 0, "write 3s"},
		{"-5ms", 0, "negative"},
		{"soon", 0, "write it like 25ms"},
		{"99999999999h", 0, "too long"},
	} {
		got, err := ParseDuration(c.in)
		check1(t, c.in, got, err, c.want, c.err)
	}
}

func check1[V comparable](t *testing.T, in string, got V, err error, want V, message string) {
	t.Helper()
	switch {
	case message == "" && (err != nil || got != want):
		t.Errorf("%q is %v, %v; want %v", in, got, err, want)
	case message != "" && err == nil:
		t.Errorf("%q is %v; want an error", in, got)
	case message != "" && !strings.Contains(err.Error(), message):
		t.Errorf("%q: %q does not say %q", in, err, message)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{FormatRate(10_000_000), "10Mbit"},
		{FormatRate(1_500_000), "1.5Mbit"},
		{FormatRate(1_000_001), "1.000001Mbit"},
		{FormatRate(64_000), "64kbit"},
		{FormatRate(2_500_000_000), "2.5Gbit"},
		{FormatRate(0), "unlimited"},
		{FormatSize(5 << 20), "5MiB"},
		{FormatSize(1500), "1500B"},
		{FormatSize(100_000), "100kB"},
		{FormatSize(0), "0B"},
		{FormatProbability(0.02), "2%"},
		{FormatProbability(0.0051), "0.51%"},
		{FormatProbability(1), "100%"},
		{FormatProbability(0), "0%"},
		{FormatProbability(0.5), "50%"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// What is printed is read back as the same number, to the last bit.
func TestUnitsRoundTrip(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, seed))
	for range 20_000 {
		r := minRate + netem.Rate(rng.Int64N(int64(maxRate-minRate)))>>rng.IntN(30)
		if got, err := ParseRate(FormatRate(r)); got != r || err != nil {
			t.Fatalf("rate %d is printed %s, read %d, %v", r, FormatRate(r), got, err)
		}
		n := netem.Size(rng.Int64() >> (2 + rng.IntN(60)))
		if got, err := ParseSize(FormatSize(n)); got != n || err != nil {
			if len(FormatSize(n)) <= 19 { // beyond 18 digits a number is refused
				t.Fatalf("size %d is printed %s, read %d, %v", n, FormatSize(n), got, err)
			}
		}
		p := netem.Probability(float64(rng.IntN(1_000_000)) / 1e6)
		if got, err := ParseProbability(FormatProbability(p)); got != p || err != nil {
			t.Fatalf("probability %v is printed %s, read %v, %v", p, FormatProbability(p), got, err)
		}
	}
}

func FuzzUnits(f *testing.F) {
	for _, s := range []string{"10Mbit", "1.5GiB", "2%", "0.02", "25ms", "1e9", "-1", "100p", "7-9", "٣Mbit", "1000Gbit/s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseRate(s); err == nil {
			if again, err := ParseRate(FormatRate(r)); again != r || err != nil {
				t.Errorf("rate %q is %d, printed %s, read %d, %v", s, r, FormatRate(r), again, err)
			}
		}
		if n, err := ParseSize(s); err == nil && n < 1e17 {
			if again, err := ParseSize(FormatSize(n)); again != n || err != nil {
				t.Errorf("size %q is %d, printed %s, read %d, %v", s, n, FormatSize(n), again, err)
			}
		}
		if p, err := ParseProbability(s); err == nil {
			if p < 0 || p > 1 {
				t.Errorf("probability %q is %v", s, p)
			}
			if again, err := ParseProbability(FormatProbability(p)); len(FormatProbability(p)) < 18 && (again != p || err != nil) {
				t.Errorf("probability %q is %v, printed %s, read %v, %v", s, p, FormatProbability(p), again, err)
			}
		}
		if d, err := ParseDuration(s); err == nil && d < 0 {
			t.Errorf("duration %q is %v", s, d)
		}
		if q, err := readQueue(s); err == nil && q.Packets > 0 && q.Bytes > 0 {
			t.Errorf("queue %q is %+v", s, q)
		}
		if r, err := readRange(s); err == nil && (r.From < 1 || r.To < r.From) {
			t.Errorf("range %q is %v", s, r)
		}
	})
}
