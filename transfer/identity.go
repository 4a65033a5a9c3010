package transfer

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// ID names a device: the SHA-256 of the DER SubjectPublicKeyInfo of its key.
// It is always compared in full.
type ID [32]byte

// IsZero reports whether id names nobody.
func (id ID) IsZero() bool { return id == ID{} }

// Level says how far the owner of this device trusts a peer. More is later.
type Level int

const (
	Blocked Level = iota // the session ends after hello
	Unknown              // never dealt with
	Known                // dealt with before, key pinned
	Paired               // codes were compared
	Mine                 // same owner
)

// Identity is the key of this device and the certificate that carries it.
type Identity struct {
	id   ID
	cert tls.Certificate
}

// NewIdentity wraps an Ed25519 key in a self-signed certificate. The certificate
// says nothing but the key: peers ignore its dates and names.
func NewIdentity(key ed25519.PrivateKey) (*Identity, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("identity key: %d bytes, want %d", len(key), ed25519.PrivateKeySize)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "yonder"},
		NotBefore:             time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("self-sign certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse own certificate: %w", err)
	}
	return &Identity{
		id:   sha256.Sum256(leaf.RawSubjectPublicKeyInfo),
		cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
	}, nil
}

// ID returns the device ID of the key.
func (i *Identity) ID() ID { return i.id }

// peerID checks the certificate of a finished handshake and returns the ID of its
// key. Exactly one certificate of at most 2 KiB with an Ed25519 key is taken;
// dates, names and extensions are ignored.
func peerID(cs tls.ConnectionState) (ID, error) {
	if cs.Version != tls.VersionTLS13 || cs.NegotiatedProtocol != alpn {
		return ID{}, fmt.Errorf("%w: no %s over TLS 1.3", ErrVersion, alpn)
	}
	if len(cs.PeerCertificates) != 1 {
		return ID{}, fmt.Errorf("%w: %d certificates, want 1", ErrProtocol, len(cs.PeerCertificates))
	}
	cert := cs.PeerCertificates[0]
	if len(cert.Raw) > maxCertificate {
		return ID{}, fmt.Errorf("%w: certificate of %d bytes", ErrProtocol, len(cert.Raw))
	}
	if _, ok := cert.PublicKey.(ed25519.PublicKey); !ok {
		return ID{}, fmt.Errorf("%w: certificate without an Ed25519 key", ErrProtocol)
	}
	return sha256.Sum256(cert.RawSubjectPublicKeyInfo), nil
}

const (
	alpnPrefix     = "yonder/" // and the major version of the protocol
	majorVersion   = 1
	alpn           = alpnPrefix + "1"
	maxCertificate = 2 << 10 // bytes of DER
)

// tlsConfig returns the configuration of one connection. verified is called with
// the peer's ID while the handshake can still be refused.
func (i *Identity) tlsConfig(verified func(ID) error) *tls.Config {
	return &tls.Config{
		Certificates:                []tls.Certificate{i.cert},
		MinVersion:                  tls.VersionTLS13,
		NextProtos:                  []string{alpn},
		ClientAuth:                  tls.RequireAnyClientCert,
		InsecureSkipVerify:          true, // there is no authority: VerifyConnection pins the key instead
		SessionTicketsDisabled:      true, // a resumed session would not show the certificate again
		DynamicRecordSizingDisabled: true, // full records from the start
		VerifyConnection: func(cs tls.ConnectionState) error {
			id, err := peerID(cs)
			if err != nil {
				return err
			}
			return verified(id)
		},
	}
}
