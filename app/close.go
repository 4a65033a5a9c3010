package app

import "time"

// closeTime bounds how long Close waits for transfers and sessions to end in order.
const closeTime = 2 * time.Second

// Close implements [Backend]: transfers end so that they can be resumed, sessions
// say goodbye, and everything that runs has ended, within 2 seconds. Calling it
// again waits for the first call.
func (a *App) Close() error {
	a.closed.Do(a.close)
	return nil
}

func (a *App) close() {
	a.mu.Lock()
	a.ending = true
	var running []<-chan struct{}
	for _, r := range a.runs {
		r.cancel(errClosing)
		if r.ended != nil {
			running = append(running, r.ended)
		}
	}
	a.mu.Unlock()

	limit := time.NewTimer(closeTime)
	defer limit.Stop()
	half := time.NewTimer(closeTime / 4) // for transfers to say that they stop; sessions end then
	defer half.Stop()
wait:
	for _, ended := range running {
		select {
		case <-ended:
		case <-half.C:
			break wait
		}
	}
	a.spawning.Lock()
	a.cancel(errClosing)
	a.spawning.Unlock()
	done := make(chan struct{})
	go func() { // ends with the last goroutine of a, which close gives up on after the limit
		a.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-limit.C:
		a.log.Warn("not everything ended in time", "limit", closeTime)
	}
	a.mu.Lock()
	a.interruptAll()
	a.mu.Unlock()
	if err := a.store.close(); err != nil {
		a.log.Error("close database", "err", err)
	}
	a.log.Info("ended")
	a.profile.close()
}
