package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// maxCallers bounds how many connections of clients are open; the connection of a
// program that does not know the token is open for helloTime at most.
const maxCallers = 64

// owner lets other processes of the same user use the backend of this one.
type owner struct {
	backend Backend
	log     *slog.Logger
	path    string // of owner.json
	token   []byte
	ln      net.Listener
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
}

// openOwner listens on loopback and writes owner.json. The caller holds the lock of
// the profile. It calls close.
func openOwner(b Backend, path string, log *slog.Logger) (*owner, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	token := nonce()
	raw, _ := hex.DecodeString(token) // made by nonce
	o := &owner{backend: b, log: log, path: path, token: raw, ln: ln}
	data, err := json.Marshal(ownerRecord{Port: int(portOf(ln)), PID: os.Getpid(), Token: token})
	if err == nil {
		err = writeFileAtomic(path, append(data, '\n'), 0o600)
	}
	if err != nil {
		ln.Close()
		return nil, err
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.wg.Go(o.serve)
	return o, nil
}

// close takes owner.json away, ends all calls and waits for them.
func (o *owner) close() {
	os.Remove(o.path)
	o.cancel()
	o.ln.Close()
	o.wg.Wait()
}

func (o *owner) serve() {
	slots := make(chan struct{}, maxCallers)
	for {
		conn, err := o.ln.Accept()
		if err != nil {
			if o.ctx.Err() != nil {
				return
			}
			o.log.Warn("accept client", "err", err)
			select {
			case <-time.After(100 * time.Millisecond): // out of file descriptors, most likely
				continue
			case <-o.ctx.Done():
				return
			}
		}
		select {
		case slots <- struct{}{}:
			o.wg.Go(func() {
				defer func() { <-slots }()
				o.handle(conn)
			})
		default:
			conn.Close()
		}
	}
}

// handle serves one call.
func (o *owner) handle(conn net.Conn) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(o.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	l := newLines(conn)
	c, err := o.greet(l)
	if err != nil {
		o.log.Debug("client refused", "err", err)
		return
	}
	o.wg.Go(func() { // the client says no more: its end of the connection is the end of the call
		io.Copy(io.Discard, conn)
		cancel()
	})
	var p params
	if len(c.Params) > 0 {
		if err := json.Unmarshal(c.Params, &p); err != nil {
			l.write(reply{Error: AsProblem(err)})
			return
		}
	}
	if c.Method == "events" {
		o.stream(ctx, l)
		return
	}
	result, err := invoke(ctx, o.backend, c.Method, p)
	if ctx.Err() != nil {
		return
	}
	answer := reply{Error: AsProblem(err)}
	if err == nil && result != nil {
		if answer.Result, err = json.Marshal(result); err != nil {
			answer.Error = AsProblem(err)
		}
	}
	conn.SetWriteDeadline(time.Now().Add(readTime))
	if err := l.write(answer); err != nil {
		o.log.Debug("answer client", "err", err)
	}
}

// greet proves to the client who we are and takes its call if it proves the same.
func (o *owner) greet(l *lines) (call, error) {
	l.conn.SetDeadline(time.Now().Add(helloTime))
	var hello callHello
	if err := l.read(&hello, maxHello); err != nil {
		return call{}, err
	}
	ours := nonce()
	if err := l.write(callHello{Nonce: ours, Proof: proof(o.token, "owner", hello.Nonce, ours)}); err != nil {
		return call{}, err
	}
	var c call
	if err := l.read(&c, maxCall); err != nil {
		return call{}, err
	}
	if !proves(c.Proof, proof(o.token, "client", hello.Nonce, ours)) {
		return call{}, errors.New("wrong token")
	}
	return c, l.conn.SetDeadline(time.Time{})
}

// stream writes events until the client leaves or does not read any more.
func (o *owner) stream(ctx context.Context, l *lines) {
	for ev := range o.backend.Events(ctx) {
		l.conn.SetWriteDeadline(time.Now().Add(readTime))
		if err := l.write(reply{Event: &ev}); err != nil {
			return
		}
	}
}

// invoke calls the method of b that a client named.
func invoke(ctx context.Context, b Backend, method string, p params) (any, error) {
	switch method {
	case "ping":
		return nil, nil
	case "history":
		return b.History(ctx, p.Person, p.Item, p.Limit)
	case "find":
		return b.Find(ctx, p.Peer, p.Wait)
	case "keep-address":
		return nil, b.KeepAddress(ctx, p.Peer)
	case "drop-address":
		return nil, b.DropAddress(ctx, p.Peer)
	case "send":
		if p.Send == nil {
			p.Send = new(SendRequest)
		}
		return b.Send(ctx, *p.Send)
	case "answer":
		return nil, b.Answer(ctx, p.Item, p.Answer)
	case "cancel":
		return nil, b.Cancel(ctx, p.Item)
	case "stop":
		return nil, b.Stop(ctx, p.Item)
	case "retry":
		return nil, b.Retry(ctx, p.Item)
	case "pause":
		return nil, b.Pause(ctx, p.Item)
	case "resume":
		return nil, b.Resume(ctx, p.Item)
	case "files":
		return b.Files(ctx, p.Item, p.Entry, p.Limit)
	case "leave-out":
		return nil, b.LeaveOut(ctx, p.Item, p.Entry)
	case "partials":
		return b.Partials(ctx)
	case "remove-partials":
		return nil, b.RemovePartials(ctx, p.IDs)
	case "say":
		return b.Say(ctx, p.Person, p.Body)
	case "read":
		return nil, b.MarkRead(ctx, p.Person)
	case "pair":
		return nil, b.Pair(ctx, p.Person)
	case "answer-pairing":
		return nil, b.AnswerPairing(ctx, p.Person, p.Code, p.Same)
	case "cancel-pairing":
		return nil, b.CancelPairing(ctx, p.Person)
	case "trust":
		return nil, b.SetTrust(ctx, p.Person, p.Level)
	case "settle-change":
		return nil, b.SettleChange(ctx, p.Person, p.Replaced)
	case "rule":
		return nil, b.SetRule(ctx, p.Person, p.Rule)
	case "configure":
		return nil, b.Configure(ctx, p.Settings)
	case "visible":
		return nil, b.SetVisible(ctx, p.Visible)
	case "refresh":
		return nil, b.Refresh(ctx)
	case "doctor":
		return b.Doctor(ctx, p.Addrs)
	case "raise":
		return nil, b.Raise(ctx, p.Paths)
	}
	return nil, problemf(CodeInternal, method, "the running Yonder does not know %q: end it and start the newer one", method)
}
