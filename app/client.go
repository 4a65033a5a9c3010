package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Client uses the backend of the process that owns the profile. It implements
// [Backend]; [Open] makes it. When that process ends, streams are closed and calls
// fail with [CodeInternal].
type Client struct {
	at     ownerRecord
	token  []byte
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // one for each stream
	mu     sync.Mutex     // orders wg.Go against Close
}

// dialOwner returns a client of the owner of the profile in dir, or an error if none
// answers: it has ended, orderly or not. Nobody owns the profile "".
func dialOwner(ctx context.Context, dir string) (*Client, error) {
	if dir == "" {
		return nil, errNoHome
	}
	path := filepath.Join(dir, ownerFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := new(Client)
	if err := json.NewDecoder(io.LimitReader(f, maxHello)).Decode(&c.at); err != nil {
		return nil, err
	}
	if c.token, err = hex.DecodeString(c.at.Token); err != nil || len(c.token) != 32 {
		return nil, fmt.Errorf("%s: no token", path)
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	if err := c.call(ctx, "ping", params{}, nil); err != nil {
		c.cancel()
		return nil, err
	}
	return c, nil
}

// OwnerPID returns the process that owns the profile.
func (c *Client) OwnerPID() int { return c.at.PID }

// ask opens a connection, checks that the owner is at its other end, and sends the call.
func (c *Client) ask(ctx context.Context, method string, p params) (*lines, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.at.Port)))
	if err != nil {
		return nil, err
	}
	l := newLines(conn)
	conn.SetDeadline(time.Now().Add(helloTime))
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	ours := nonce()
	var hello callHello
	err = l.write(callHello{Nonce: ours})
	if err == nil {
		err = l.read(&hello, maxHello)
	}
	if err == nil && !proves(hello.Proof, proof(c.token, "owner", ours, hello.Nonce)) {
		err = errors.New("another program answers at the port of the owner")
	}
	if err == nil {
		err = l.write(call{Proof: proof(c.token, "client", ours, hello.Nonce), Method: method, Params: raw})
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return l, conn.SetDeadline(time.Time{})
}

// call makes one call and decodes its result into result, which may be nil.
func (c *Client) call(ctx context.Context, method string, p params, result any) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	l, err := c.ask(ctx, method, p)
	if err == nil {
		defer l.conn.Close()
		defer context.AfterFunc(ctx, func() { l.conn.Close() })()
		var r reply
		if err = l.read(&r, maxResult); err == nil {
			if r.Error != nil {
				return r.Error
			}
			if result == nil {
				return nil
			}
			return json.Unmarshal(r.Result, result)
		}
	}
	if c.ctx.Err() != nil {
		return net.ErrClosed
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	gone := newProblem(CodeInternal, "", err.Error())
	gone.Text, gone.Hint = "the Yonder that this one used has ended", "try again"
	return gone
}

// Events implements [Backend].
func (c *Client) Events(ctx context.Context) <-chan Event {
	out := make(chan Event)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		close(out)
		return out
	}
	c.wg.Go(func() {
		defer close(out)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.ctx, cancel)()
		l, err := c.ask(ctx, "events", params{})
		if err != nil {
			return
		}
		defer l.conn.Close()
		defer context.AfterFunc(ctx, func() { l.conn.Close() })()
		for {
			var r reply
			if err := l.read(&r, maxResult); err != nil || r.Event == nil {
				return
			}
			select {
			case out <- *r.Event:
			case <-ctx.Done():
				return
			}
		}
	})
	return out
}

// Close implements [Backend]; the owner goes on.
func (c *Client) Close() error {
	c.mu.Lock()
	c.cancel()
	c.mu.Unlock()
	c.wg.Wait()
	return nil
}
