package experiment

import (
	"reflect"
	"testing"
	"time"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/scenarios"
)

// Each number of flows.tcp sets what it names, and nothing else.
func TestTCPNumbers(t *testing.T) {
	for key, c := range map[string]struct {
		text  string
		field string
		value any
	}{
		"max_rto":            {"3s", "MaxRTO", 3 * time.Second},
		"syn_retries":        {"3", "SYNRetries", 3},
		"syn_linear":         {"0", "SYNLinear", 0},
		"retries":            {"3", "Retries", 3},
		"user_timeout":       {"3s", "UserTimeout", 3 * time.Second},
		"keepalive":          {"true", "KeepAlive", true},
		"keepalive_idle":     {"3s", "KeepIdle", 3 * time.Second},
		"keepalive_interval": {"3s", "KeepInterval", 3 * time.Second},
		"keepalive_count":    {"3", "KeepCount", 3},
		"cork":               {"true", "Cork", true},
	} {
		s, err := scenarios.Parse("test.yaml", []byte("flows: [{tcp: {"+key+": "+c.text+"}}]"))
		if err != nil {
			t.Fatal(err)
		}
		want := tcp.Defaults(0)
		reflect.ValueOf(&want).Elem().FieldByName(c.field).Set(reflect.ValueOf(c.value))
		if got := tcpConfig(&s.Flows[0].TCP); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

// A receive buffer is fixed, or grows.
func TestReceiveBufferSettings(t *testing.T) {
	for text, want := range map[string]struct {
		most  int
		grows bool
	}{"64KiB": {65536, false}, "{most: 32MiB}": {33554432, true}} {
		s, err := scenarios.Parse("test.yaml", []byte("flows: [{tcp: {receive_buffer: "+text+"}}]"))
		if err != nil {
			t.Fatal(err)
		}
		if c := tcpConfig(&s.Flows[0].TCP); c.ReceiveBuffer != want.most || c.Autotuning != want.grows {
			t.Errorf("%s: %d bytes, grows %v; want %+v", text, c.ReceiveBuffer, c.Autotuning, want)
		}
	}
}

// Each switch of flows.tcp turns off what it names, and nothing else.
func TestTCPSwitches(t *testing.T) {
	for key, field := range map[string]string{
		"tlp": "TLP", "prr": "PRR", "frto": "FRTO", "dsack": "DSACK", "undo": "Undo",
		"slow_start_after_idle": "SlowStartAfterIdle", "nagle": "Nagle", "timestamps": "Timestamps", "window_scaling": "WindowScaling",
	} {
		s, err := scenarios.Parse("test.yaml", []byte("flows: [{tcp: {"+key+": false}}]"))
		if err != nil {
			t.Fatal(err)
		}
		want := tcp.Defaults(0)
		reflect.ValueOf(&want).Elem().FieldByName(field).SetBool(false)
		if got := tcpConfig(&s.Flows[0].TCP); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}
