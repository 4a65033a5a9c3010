package app

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"time"
)

// The protocol between the owner of a profile and its clients: one TCP connection
// on loopback for each call, JSON lines. Both sides prove that they have read
// owner.json, so no other user of the computer can play either part.
//
//	client  {"nonce": HEX}
//	owner   {"nonce": HEX, "proof": HMAC(token, "owner", nonces)}
//	client  {"proof": HMAC(token, "client", nonces), "method": "say", "params": …}
//	owner   {"result": …} or {"error": Problem}; for "events": one {"event": …} after another
//
// Closing the connection ends the call.

const (
	maxHello  = 1 << 10          // bytes of a line before the proof
	maxCall   = 16 << 20         // bytes of a call: 4,000 long paths
	maxResult = 64 << 20         // bytes of a result or an event
	helloTime = 5 * time.Second  // for the proof
	readTime  = 30 * time.Second // that a client may let events wait
)

type callHello struct {
	Nonce string `json:"nonce"`
	Proof string `json:"proof,omitempty"`
}

type call struct {
	Proof  string          `json:"proof"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params,omitempty"`
}

type reply struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Problem        `json:"error,omitempty"`
	Event  *Event          `json:"event,omitempty"`
}

// params has a field for every parameter of every method.
type params struct {
	Person   DeviceID      `json:"person,omitzero"`
	Item     ItemID        `json:"item,omitempty"`
	Limit    int           `json:"limit,omitempty"`
	Entry    uint32        `json:"entry,omitempty"`
	Peer     string        `json:"peer,omitempty"`
	Wait     time.Duration `json:"wait,omitempty"`
	Send     *SendRequest  `json:"send,omitempty"`
	Answer   Answer        `json:"answer,omitzero"`
	Body     string        `json:"body,omitempty"`
	Settings Settings      `json:"settings,omitzero"`
	Visible  Visibility    `json:"visible,omitempty"`
	Paths    []string      `json:"paths,omitempty"`
	IDs      []string      `json:"ids,omitempty"`
	Code     string        `json:"code,omitempty"`
	Same     bool          `json:"same,omitempty"`
	Level    Level         `json:"level,omitempty"`
	Rule     Rule          `json:"rule,omitzero"`
	Addrs    []string      `json:"addrs,omitempty"`
	Replaced bool          `json:"replaced,omitempty"`
}

// ownerRecord is owner.json.
type ownerRecord struct {
	Port  int    `json:"port"`
	PID   int    `json:"pid"`
	Token string `json:"token"` // 32 bytes in hexadecimal
}

var errLine = errors.New("line too long")

// lines reads and writes JSON lines on one connection.
type lines struct {
	conn net.Conn
	r    *bufio.Reader
}

func newLines(conn net.Conn) *lines { return &lines{conn, bufio.NewReaderSize(conn, 4<<10)} }

// read decodes the next line of at most limit bytes into v.
func (l *lines) read(v any, limit int) error {
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		if len(line)+len(part) > limit {
			return errLine
		}
		line = append(line, part...)
		if err == nil {
			return json.Unmarshal(line, v)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && len(line) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// write encodes v as one line.
func (l *lines) write(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = l.conn.Write(append(data, '\n'))
	return err
}

// nonce returns 32 random bytes in hexadecimal.
func nonce() string {
	var raw [32]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

// proof shows that role knows the token, bound to this connection by both nonces.
func proof(token []byte, role, client, owner string) string {
	mac := hmac.New(sha256.New, token)
	mac.Write([]byte("yonder profile door 1\x00" + role + "\x00" + client + "\x00" + owner))
	return hex.EncodeToString(mac.Sum(nil))
}

// proves compares in constant time.
func proves(got, want string) bool { return hmac.Equal([]byte(got), []byte(want)) }
