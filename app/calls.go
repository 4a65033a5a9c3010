package app

import (
	"context"
	"time"
)

// The calls of a [Client], one for each method of [Backend].

// History implements [Backend].
func (c *Client) History(ctx context.Context, person DeviceID, before ItemID, limit int) (h History, err error) {
	err = c.call(ctx, "history", params{Person: person, Item: before, Limit: limit}, &h)
	return h, err
}

// Find implements [Backend].
func (c *Client) Find(ctx context.Context, peer string, wait time.Duration) (p Person, err error) {
	err = c.call(ctx, "find", params{Peer: peer, Wait: wait}, &p)
	return p, err
}

// KeepAddress implements [Backend].
func (c *Client) KeepAddress(ctx context.Context, addr string) error {
	return c.call(ctx, "keep-address", params{Peer: addr}, nil)
}

// DropAddress implements [Backend].
func (c *Client) DropAddress(ctx context.Context, addr string) error {
	return c.call(ctx, "drop-address", params{Peer: addr}, nil)
}

// Send implements [Backend].
func (c *Client) Send(ctx context.Context, req SendRequest) (ids []ItemID, err error) {
	err = c.call(ctx, "send", params{Send: &req}, &ids)
	return ids, err
}

// Answer implements [Backend].
func (c *Client) Answer(ctx context.Context, item ItemID, answer Answer) error {
	return c.call(ctx, "answer", params{Item: item, Answer: answer}, nil)
}

// Cancel implements [Backend].
func (c *Client) Cancel(ctx context.Context, item ItemID) error {
	return c.call(ctx, "cancel", params{Item: item}, nil)
}

// Stop implements [Backend].
func (c *Client) Stop(ctx context.Context, item ItemID) error {
	return c.call(ctx, "stop", params{Item: item}, nil)
}

// Retry implements [Backend].
func (c *Client) Retry(ctx context.Context, item ItemID) error {
	return c.call(ctx, "retry", params{Item: item}, nil)
}

// Pause implements [Backend].
func (c *Client) Pause(ctx context.Context, item ItemID) error {
	return c.call(ctx, "pause", params{Item: item}, nil)
}

// Resume implements [Backend].
func (c *Client) Resume(ctx context.Context, item ItemID) error {
	return c.call(ctx, "resume", params{Item: item}, nil)
}

// Files implements [Backend].
func (c *Client) Files(ctx context.Context, item ItemID, from uint32, limit int) (list []File, err error) {
	err = c.call(ctx, "files", params{Item: item, Entry: from, Limit: limit}, &list)
	return list, err
}

// LeaveOut implements [Backend].
func (c *Client) LeaveOut(ctx context.Context, item ItemID, entry uint32) error {
	return c.call(ctx, "leave-out", params{Item: item, Entry: entry}, nil)
}

// Partials implements [Backend].
func (c *Client) Partials(ctx context.Context) (list []Partial, err error) {
	err = c.call(ctx, "partials", params{}, &list)
	return list, err
}

// RemovePartials implements [Backend].
func (c *Client) RemovePartials(ctx context.Context, ids []string) error {
	return c.call(ctx, "remove-partials", params{IDs: ids}, nil)
}

// Say implements [Backend].
func (c *Client) Say(ctx context.Context, to DeviceID, body string) (id ItemID, err error) {
	err = c.call(ctx, "say", params{Person: to, Body: body}, &id)
	return id, err
}

// MarkRead implements [Backend].
func (c *Client) MarkRead(ctx context.Context, person DeviceID) error {
	return c.call(ctx, "read", params{Person: person}, nil)
}

// Pair implements [Backend].
func (c *Client) Pair(ctx context.Context, person DeviceID) error {
	return c.call(ctx, "pair", params{Person: person}, nil)
}

// AnswerPairing implements [Backend].
func (c *Client) AnswerPairing(ctx context.Context, person DeviceID, code string, same bool) error {
	return c.call(ctx, "answer-pairing", params{Person: person, Code: code, Same: same}, nil)
}

// CancelPairing implements [Backend].
func (c *Client) CancelPairing(ctx context.Context, person DeviceID) error {
	return c.call(ctx, "cancel-pairing", params{Person: person}, nil)
}

// SetTrust implements [Backend].
func (c *Client) SetTrust(ctx context.Context, person DeviceID, level Level) error {
	return c.call(ctx, "trust", params{Person: person, Level: level}, nil)
}

// SettleChange implements [Backend].
func (c *Client) SettleChange(ctx context.Context, person DeviceID, replaced bool) error {
	return c.call(ctx, "settle-change", params{Person: person, Replaced: replaced}, nil)
}

// SetRule implements [Backend].
func (c *Client) SetRule(ctx context.Context, person DeviceID, rule Rule) error {
	return c.call(ctx, "rule", params{Person: person, Rule: rule}, nil)
}

// Configure implements [Backend].
func (c *Client) Configure(ctx context.Context, s Settings) error {
	return c.call(ctx, "configure", params{Settings: s}, nil)
}

// SetVisible implements [Backend].
func (c *Client) SetVisible(ctx context.Context, v Visibility) error {
	return c.call(ctx, "visible", params{Visible: v}, nil)
}

// Refresh implements [Backend].
func (c *Client) Refresh(ctx context.Context) error { return c.call(ctx, "refresh", params{}, nil) }

// Doctor implements [Backend].
func (c *Client) Doctor(ctx context.Context, addrs []string) (r Report, err error) {
	err = c.call(ctx, "doctor", params{Addrs: addrs}, &r)
	return r, err
}

// Raise implements [Backend].
func (c *Client) Raise(ctx context.Context, paths []string) error {
	return c.call(ctx, "raise", params{Paths: paths}, nil)
}
