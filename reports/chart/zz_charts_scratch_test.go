package chart

import ("testing";"time";"fmt";"math"; "gonum.org/v1/plot/vg/draw"; "reliabilitylab/netem")

func TestZZ(t *testing.T) {
	t0 := time.Now(); fonts(); fmt.Println("fonts", time.Since(t0))
	in := messages(150000, 0.1, 0.05, 0.05).pair()
	for _, d := range drawn(t, in) {
		for _, f := range Formats {
			t0 := time.Now()
			b, _ := Save(d, f)
			fmt.Println(d.Name, f, time.Since(t0), len(b))
		}
	}
	st := netem.NewStream(1)
	pts := make([]point, 200000)
	for i := range pts { pts[i] = point{float64(i), float64(st.At(uint64(i),0)>>40)} }
	pts[5].Y = math.NaN()
	for _, u := range []string{"tcp","udp"} {
	d := &Drawing{Name:"noise", Width: width, Height: height, Draw: func(c draw.Canvas) {
		a := panel{X: axis{Max: 200000}, Y: axis{Max: 1<<24}}.lay(frame(c, "noise", ""))
		a.line(protocolLine(u), pts)
	}}
	for _, f := range Formats {
			t0 := time.Now()
			b, _ := Save(d, f)
			fmt.Println(d.Name, u, f, time.Since(t0), len(b))
	}
	}
}
