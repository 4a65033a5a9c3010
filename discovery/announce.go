package discovery

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Sizes of a datagram in bytes.
const (
	maxPacket   = 1200 // longer ones are refused unread
	headerLen   = 8
	maxQueryLen = 512 // every question is this long, which no answer exceeds
	maxListed   = 8   // addresses in one datagram
)

const packetVersion = 1

var packetMagic = [4]byte{'Y', 'N', 'D', 'R'}

// signContext precedes the signed bytes, so that a signature made here means
// nothing anywhere else.
const signContext = "yonder discovery packet 1\x00"

type packetType uint8

const (
	typeAnnounce packetType = 1 // to everybody: I am here
	typeReply    packetType = 2 // to one: I am here too, or the answer to a question
	typeQuery    packetType = 3 // to one: who is there?
	typeBye      packetType = 4 // to everybody: I am leaving
)

func (t packetType) String() string {
	switch t {
	case typeAnnounce:
		return "announce"
	case typeReply:
		return "reply"
	case typeQuery:
		return "query"
	case typeBye:
		return "bye"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// The fields of a datagram. Unknown ones are skipped.
const (
	fieldKey     = 1  // 32 bytes, Ed25519
	fieldName    = 2  // UTF-8
	fieldEpoch   = 3  // u64
	fieldSeq     = 4  // u64
	fieldTCP     = 5  // u16
	fieldUDP     = 6  // u16
	fieldProto   = 7  // min u8, max u8
	fieldCaps    = 8  // u32
	fieldPeriod  = 9  // u16, tenths of a second
	fieldAddrs   = 10 // up to 8 times: 4 and 4 bytes, or 6 and 16 bytes
	fieldNonce   = 11 // 8 bytes
	fieldEcho    = 12 // 8 bytes
	fieldPadding = 13 // zeros
	fieldWays    = 14 // u8: the carrier that this copy goes by; u8: all that the announcement goes by
	fieldExamine = 15 // empty: announce by every carrier, and tell field 16 in the answer
	fieldHears   = 16 // u8: the carriers by which the asker was heard lately
)

// fieldLen has the lengths of those that have only one.
var fieldLen = map[uint8]int{
	fieldKey: 32, fieldEpoch: 8, fieldSeq: 8, fieldTCP: 2, fieldUDP: 2, fieldProto: 2,
	fieldCaps: 4, fieldPeriod: 2, fieldNonce: 8, fieldEcho: 8, fieldWays: 2, fieldExamine: 0, fieldHears: 1,
}

// nonce ties an answer to the question. The zero nonce means that there is none.
type nonce [8]byte

// packet is one datagram, without its signature.
type packet struct {
	Type    packetType
	Key     [ed25519.PublicKeySize]byte
	Name    string // cleaned
	Epoch   uint64
	Seq     uint64        // grows with everything sent in an epoch
	TCPPort uint16        // 0: the sender takes no connections and is not listed
	UDPPort uint16        // reaches exactly the sending process
	Proto   Range         // of the protocol over TCP
	Caps    uint32        // capability bits
	Period  time.Duration // between the sender's announcements
	Addrs   []netip.Addr  // of the sender, without zones; the one it sends from first
	Nonce   nonce         // in a query
	Echo    nonce         // in the answer to it
	Way     CarrierSet    // the one that this copy goes by; 0: it does not say
	Ways    CarrierSet    // all that the announcement goes by from here
	Examine bool          // in a query: announce by every carrier and answer with Hears
	Hears   CarrierSet    // in the answer to such a query: how the asker was heard lately
	Tells   bool          // Hears is told
}

var errPacket = errors.New("not a discovery packet")

// parsePacket reads a datagram. The signature is not checked: call
// [verifyPacket] once the cheaper tests have passed.
func parsePacket(data []byte) (*packet, error) {
	if len(data) < headerLen+ed25519.SignatureSize || len(data) > maxPacket || [4]byte(data) != packetMagic {
		return nil, errPacket
	}
	if data[4] != packetVersion {
		return nil, fmt.Errorf("%w: version %d", errPacket, data[4])
	}
	body := data[headerLen : len(data)-ed25519.SignatureSize]
	if int(binary.BigEndian.Uint16(data[6:])) != len(body) {
		return nil, fmt.Errorf("%w: body length", errPacket)
	}
	p := &packet{Type: packetType(data[5])}
	if p.Type < typeAnnounce || p.Type > typeBye {
		return nil, fmt.Errorf("%w: %v", errPacket, p.Type)
	}
	var seen [256]bool
	for len(body) > 0 {
		if len(body) < 3 {
			return nil, fmt.Errorf("%w: field header cut off", errPacket)
		}
		field, n := body[0], int(binary.BigEndian.Uint16(body[1:]))
		if body = body[3:]; n > len(body) {
			return nil, fmt.Errorf("%w: field %d overruns", errPacket, field)
		}
		if seen[field] {
			return nil, fmt.Errorf("%w: field %d twice", errPacket, field)
		}
		seen[field] = true
		if err := p.setField(field, body[:n]); err != nil {
			return nil, err
		}
		body = body[n:]
	}
	for _, field := range []uint8{fieldKey, fieldEpoch, fieldSeq} {
		if !seen[field] {
			return nil, fmt.Errorf("%w: field %d missing", errPacket, field)
		}
	}
	if p.Type == typeQuery && p.Nonce == (nonce{}) {
		return nil, fmt.Errorf("%w: query without nonce", errPacket)
	}
	return p, nil
}

func (p *packet) setField(field uint8, v []byte) error {
	if want, ok := fieldLen[field]; ok && len(v) != want {
		return fmt.Errorf("%w: field %d is %d bytes long", errPacket, field, len(v))
	}
	switch field {
	case fieldKey:
		copy(p.Key[:], v)
	case fieldName:
		p.Name = CleanName(string(v))
	case fieldEpoch:
		p.Epoch = binary.BigEndian.Uint64(v)
	case fieldSeq:
		p.Seq = binary.BigEndian.Uint64(v)
	case fieldTCP:
		p.TCPPort = binary.BigEndian.Uint16(v)
	case fieldUDP:
		p.UDPPort = binary.BigEndian.Uint16(v)
	case fieldProto:
		p.Proto = Range{v[0], v[1]}
	case fieldCaps:
		p.Caps = binary.BigEndian.Uint32(v)
	case fieldPeriod:
		p.Period = time.Duration(binary.BigEndian.Uint16(v)) * (time.Second / 10)
	case fieldAddrs:
		return p.setAddrs(v)
	case fieldNonce:
		copy(p.Nonce[:], v)
	case fieldEcho:
		copy(p.Echo[:], v)
	case fieldWays:
		p.Way, p.Ways = CarrierSet(v[0]), CarrierSet(v[1])
	case fieldExamine:
		p.Examine = true
	case fieldHears:
		p.Hears, p.Tells = CarrierSet(v[0]), true
	}
	return nil
}

func (p *packet) setAddrs(v []byte) error {
	for len(v) > 0 {
		size := map[byte]int{4: 4, 6: 16}[v[0]]
		if size == 0 || len(v) < 1+size || len(p.Addrs) == maxListed {
			return fmt.Errorf("%w: addresses", errPacket)
		}
		a, _ := netip.AddrFromSlice(v[1 : 1+size])
		p.Addrs = append(p.Addrs, a)
		v = v[1+size:]
	}
	return nil
}

// lists reports whether the sender names a as an address of its own.
func (p *packet) lists(a netip.Addr) bool {
	for _, own := range p.Addrs {
		if own == a.WithZone("") {
			return true
		}
	}
	return false
}

// verifyPacket reports whether the holder of p's key signed data, from which p was parsed.
func verifyPacket(p *packet, data []byte) bool {
	signed := len(data) - ed25519.SignatureSize
	return ed25519.Verify(p.Key[:], append([]byte(signContext), data[:signed]...), data[signed:])
}

// encode returns the signed datagram; a query is padded to its fixed length.
func (p *packet) encode(key crypto.Signer) ([]byte, error) {
	b := append(make([]byte, 0, maxQueryLen), packetMagic[:]...)
	b = append(b, packetVersion, byte(p.Type), 0, 0)
	b = appendField(b, fieldKey, p.Key[:])
	if p.Name != "" {
		b = appendField(b, fieldName, []byte(p.Name))
	}
	b = appendField(b, fieldEpoch, binary.BigEndian.AppendUint64(nil, p.Epoch))
	b = appendField(b, fieldSeq, binary.BigEndian.AppendUint64(nil, p.Seq))
	b = appendField(b, fieldTCP, binary.BigEndian.AppendUint16(nil, p.TCPPort))
	b = appendField(b, fieldUDP, binary.BigEndian.AppendUint16(nil, p.UDPPort))
	b = appendField(b, fieldProto, []byte{p.Proto.Min, p.Proto.Max})
	b = appendField(b, fieldCaps, binary.BigEndian.AppendUint32(nil, p.Caps))
	b = appendField(b, fieldPeriod, binary.BigEndian.AppendUint16(nil, uint16(p.Period/(time.Second/10))))
	if len(p.Addrs) > 0 {
		var list []byte
		for _, a := range p.Addrs[:min(len(p.Addrs), maxListed)] {
			family := byte(6)
			if a.Is4() {
				family = 4
			}
			list = append(append(list, family), a.AsSlice()...)
		}
		b = appendField(b, fieldAddrs, list)
	}
	if p.Nonce != (nonce{}) {
		b = appendField(b, fieldNonce, p.Nonce[:])
	}
	if p.Echo != (nonce{}) {
		b = appendField(b, fieldEcho, p.Echo[:])
	}
	if p.Way != 0 || p.Ways != 0 {
		b = appendField(b, fieldWays, []byte{byte(p.Way), byte(p.Ways)})
	}
	if p.Examine {
		b = appendField(b, fieldExamine, nil)
	}
	if p.Tells {
		b = appendField(b, fieldHears, []byte{byte(p.Hears)})
	}
	if missing := maxQueryLen - ed25519.SignatureSize - 3 - len(b); p.Type == typeQuery && missing >= 0 {
		b = appendField(b, fieldPadding, make([]byte, missing))
	}
	binary.BigEndian.PutUint16(b[6:], uint16(len(b)-headerLen))
	signature, err := key.Sign(rand.Reader, append([]byte(signContext), b...), crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("sign %v: %w", p.Type, err)
	}
	return append(b, signature...), nil
}

func appendField(b []byte, field uint8, v []byte) []byte {
	b = append(b, field)
	b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
	return append(b, v...)
}
