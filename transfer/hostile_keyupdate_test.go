package transfer

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
	"testing"
)

// recordWriter seals TLS 1.3 records by hand, for what crypto/tls has no way to send.
// It goes on where the client's side of a finished handshake would.
type recordWriter struct {
	hash   func() hash.Hash
	size   int // bytes of the key
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// newRecordWriter takes the secret of the client's direction from a key log.
func newRecordWriter(t *testing.T, suite uint16, log string) *recordWriter {
	t.Helper()
	w := &recordWriter{}
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
		w.hash, w.size = sha256.New, 16
	case tls.TLS_AES_256_GCM_SHA384:
		w.hash, w.size = sha512.New384, 32
	default:
		t.Skipf("records of %s are not made by hand here", tls.CipherSuiteName(suite))
	}
	for line := range strings.Lines(log) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(fields[2])
			if err != nil {
				t.Fatal(err)
			}
			w.use(secret)
			return w
		}
	}
	t.Fatal("the key log has no secret of the client")
	return nil
}

// expand is HKDF-Expand-Label of RFC 8446, 7.1, without context.
func (w *recordWriter) expand(label string, length int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(info, byte(len("tls13 "+label)))
	info = append(append(info, "tls13 "+label...), 0)
	return must(hkdf.Expand(w.hash, w.secret, string(info), length))
}

func (w *recordWriter) use(secret []byte) {
	w.secret, w.seq = secret, 0
	w.aead = must(cipher.NewGCM(must(aes.NewCipher(w.expand("key", w.size)))))
	w.iv = w.expand("iv", 12)
}

// record seals content of a type: 22 handshake, 23 application data.
func (w *recordWriter) record(typ byte, content []byte) []byte {
	inner := append(bytes.Clone(content), typ)
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(inner)+w.aead.Overhead()))
	nonce := bytes.Clone(w.iv)
	for i := range 8 {
		nonce[4+i] ^= byte(w.seq >> (56 - 8*i))
	}
	w.seq++
	return w.aead.Seal(head, nonce, inner, head)
}

// keyUpdates puts count KeyUpdate messages into one record. Only what follows the last
// of them has the new key, as is right for one.
func (w *recordWriter) keyUpdates(count int, request byte) []byte {
	b := w.record(22, bytes.Repeat([]byte{24, 0, 0, 1, request}, count))
	for range count {
		w.use(w.expand("traffic upd", w.hash().Size()))
	}
	return b
}

// TestKeyUpdates changes the key of the connection more often than anybody needs:
// the session goes on or ends, and nothing hangs.
func TestKeyUpdates(t *testing.T) {
	s := newScene(t)
	ping := func(w *recordWriter) []byte { return w.record(23, frame(framePing, 0, marshal(&ping{Nonce: 7}))) }
	before := func(request byte) func(w *recordWriter) []byte {
		return func(w *recordWriter) (all []byte) {
			for range 1000 {
				all = append(append(all, w.keyUpdates(1, request)...), ping(w)...)
			}
			return all
		}
	}
	const whatever = -1
	tests := []struct {
		reason string
		attack func(w *recordWriter) []byte
		pongs  int // frames answered; 0: the session ends instead
	}{
		{"none", ping, 1},
		{"one", func(w *recordWriter) []byte { return append(w.keyUpdates(1, 0), ping(w)...) }, 1},
		{"one that asks for another", func(w *recordWriter) []byte { return append(w.keyUpdates(1, 1), ping(w)...) }, 1},
		{"a request that is neither", func(w *recordWriter) []byte { return append(w.keyUpdates(1, 2), ping(w)...) }, 0},
		{"two in one record", func(w *recordWriter) []byte { return append(w.keyUpdates(2, 0), ping(w)...) }, 0},
		{"a thousand in one record, each asking", func(w *recordWriter) []byte { return append(w.keyUpdates(1000, 1), ping(w)...) }, 0},
		{"10,000 and nothing between them", func(w *recordWriter) (all []byte) {
			for range 10000 {
				all = append(all, w.keyUpdates(1, 1)...)
			}
			return append(all, ping(w)...)
		}, 0},
		{"one before each of 1,000 frames", before(0), 1000},
		// The answers come in runs that a crypto/tls at this end takes for an attack itself.
		{"one before each of 1,000 frames, each asking", before(1), whatever},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			s.t, s.bystander.t = t, t
			mine := newKey(t)
			var log bytes.Buffer
			config := mine.tlsConfig(func(ID) error { return nil })
			config.KeyLogWriter = &log
			conn := dialNode(t, s.b)
			channel := tls.Client(conn, config) // from here on it only reads
			if err := channel.Handshake(); err != nil {
				t.Fatal(err)
			}
			w := newRecordWriter(t, channel.ConnectionState().CipherSuite, log.String())
			sent := append(w.record(23, frame(frameHello, 0, marshal(&hello{ID: mine.ID()}))), test.attack(w)...)
			go conn.Write(sent) // it may be cut off
			pongs := 0
			var err error
			for test.pongs <= 0 && pongs < 1000 || pongs < test.pongs {
				var h header
				if h, err = readHeader(channel); err != nil {
					break
				}
				if _, err = io.ReadFull(channel, make([]byte, h.length)); err != nil {
					break
				}
				if h.typ == framePong {
					pongs++
				}
			}
			if pongs != test.pongs && test.pongs != whatever {
				t.Errorf("%d frames answered, then %v; want %d", pongs, err, test.pongs)
			}
			var timeout interface{ Timeout() bool }
			if errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("the connection hangs: %v", err)
			}
			conn.Close()
			s.bystander.alive()
		})
	}
	s.t = t
	s.untouched()
	s.finish()
}
