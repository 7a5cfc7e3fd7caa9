package reports

import (
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pageElements reads a page as strictly as XML is read, but for the elements that HTML does not close, and returns its start
// tags. The page is written so that it can be.
func pageElements(t *testing.T, dir string) []xml.StartElement {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, pageFile))
	if err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(string(b), "<!doctype html>\n")
	if !ok {
		t.Error("no doctype")
	}
	text = regexp.MustCompile(`<(meta|br|img)\b([^>]*)>`).ReplaceAllString(text, "<$1$2/>")
	d := xml.NewDecoder(strings.NewReader(text))
	d.Entity = xml.HTMLEntity
	var out []xml.StartElement
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		if e, ok := token.(xml.StartElement); ok {
			out = append(out, e.Copy())
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// TestPage: the page is well-formed, needs nothing from outside its folder and no script, every link leads to a file or a
// place that is there, and every picture says in words what it shows.
func TestPage(t *testing.T) {
	for name, text := range map[string]string{
		"tiny": tiny, "swept": swept,
		"nothing arrives": strings.Replace(tiny, "loss: {packets: [3]}", "loss: 100%", 1),
		"hostile":         strings.Replace(tiny, "title: Tiny", `title: "</title><script>alert(1)</script> 'a' \"b\""`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			dir := ran(t, text)
			ids := map[string]bool{}
			var links []string
			for _, e := range pageElements(t, dir) {
				if id := attribute(e, "id"); id != "" {
					if ids[id] {
						t.Errorf("two elements have the id %s", id)
					}
					ids[id] = true
				}
				switch e.Name.Local {
				case "script", "link", "iframe", "object", "base", "form":
					t.Errorf("a %s", e.Name.Local)
				case "html":
					if attribute(e, "lang") != "en" {
						t.Error("no language")
					}
				case "img":
					if len(attribute(e, "alt")) < 10 {
						t.Errorf("%s says only %q", attribute(e, "src"), attribute(e, "alt"))
					}
					links = append(links, attribute(e, "src"))
				case "a":
					links = append(links, attribute(e, "href"))
				}
				for _, a := range e.Attr {
					if strings.HasPrefix(a.Name.Local, "on") {
						t.Errorf("%s has %s", e.Name.Local, a.Name.Local)
					}
				}
			}
			if len(links) < 10 {
				t.Errorf("only %d links", len(links))
			}
			for _, l := range links {
				u, err := url.Parse(l)
				if err != nil || u.Scheme != "" || u.Host != "" {
					t.Errorf("%q leads out of the folder (%v)", l, err)
					continue
				}
				if u.Path == "" {
					if !ids[u.Fragment] {
						t.Errorf("%s leads nowhere", l)
					}
				} else if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(u.Path))); err != nil {
					t.Errorf("%s: %v", l, err)
				}
			}
		})
	}
}

// TestPageFollowsItsFormats: the picture is SVG where there is one, else PNG; with neither there is only the link.
func TestPageFollowsItsFormats(t *testing.T) {
	for _, c := range []struct {
		formats []string
		picture string
	}{
		{[]string{"png", "svg", "pdf"}, "charts/delivery.svg"}, {[]string{"png"}, "charts/delivery.png"}, {[]string{"pdf"}, ""}, {nil, ""},
	} {
		dir := filepath.Join(t.TempDir(), "results")
		if _, err := begin(t, dir, tiny).Finish(c.formats, inOrder); err != nil {
			t.Fatal(err)
		}
		picture := ""
		links := map[string]bool{}
		for _, e := range pageElements(t, dir) {
			switch e.Name.Local {
			case "img":
				picture = attribute(e, "src")
			case "a":
				links[attribute(e, "href")] = true
			}
		}
		if picture != c.picture {
			t.Errorf("%v: the picture is %q, want %q", c.formats, picture, c.picture)
		}
		for _, format := range append(c.formats, "csv") {
			if !links["charts/delivery."+format] {
				t.Errorf("%v: no link to the %s", c.formats, format)
			}
		}
	}
}

// TestPageOfASweep: the charts of all trials stand first, those of one trial behind them, and only where they are named.
func TestPageOfASweep(t *testing.T) {
	for charts, want := range map[string]string{
		"charts: [delivery, order]\n":                      "sweep-goodput_bps sweep-delivered_ratio sweep-retransmissions paired-goodput_bps delivery order",
		"charts: [delivery, sweep.latency_p99_s]\n":        "sweep-latency_p99_s delivery",
		"charts: [cdf.goodput_bps, heatmap.goodput_bps]\n": "", // two replicates have no distribution, a quantity and words no map
		"": "sweep-goodput_bps sweep-delivered_ratio sweep-retransmissions paired-goodput_bps",
	} {
		text := strings.Replace(swept, "charts: [delivery, order]\n", charts, 1)
		text = strings.Replace(text, ", path.delay: [5ms, {base: 5ms, jitter: 1ms}]", "", 1)
		var got []string
		for _, e := range pageElements(t, ran(t, text)) {
			if src := attribute(e, "src"); src != "" {
				got = append(got, strings.TrimSuffix(strings.TrimPrefix(src, "charts/"), ".svg"))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q shows %q, want %q", charts, got, want)
		}
	}
}
