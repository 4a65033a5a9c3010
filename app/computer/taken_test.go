package computer

import (
	"slices"
	"testing"
)

func TestParseSockets(t *testing.T) {
	const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:55A5 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 44001 1 0000000000000000 100 0 0 10 0
   1: 0100007F:55A5 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 44002 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 44003 1 0000000000000000 100 0 0 10 0
`
	const udp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1234: 00000000000000000000000000000000:55A5 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1001        0 45001 2 0000000000000000 0
`
	tests := []struct {
		why  string
		text string
		tcp  bool
		port uint16
		want []socketEntry
	}{
		{"a listener, not its connections", tcp, true, 21925, []socketEntry{{"44001", 1000}}},
		{"nobody", tcp, true, 80, nil},
		{"UDP over IPv6", udp6, false, 21925, []socketEntry{{"45001", 1001}}},
		{"nothing to read", "", true, 21925, nil},
		{"cut off", tcp[:150], true, 21925, nil},
	}
	for _, tt := range tests {
		if got := parseSockets(tt.text, tt.tcp, tt.port); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.why, got, tt.want)
		}
	}
}
