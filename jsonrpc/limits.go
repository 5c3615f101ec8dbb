package jsonrpc

import "time"

// Limits bounds what a peer can make grow. A zero field has the default.
type Limits struct {
	MaxMessage    int           // bytes of one incoming message; 64 MiB
	MaxDepth      int           // nesting of one incoming message; 512
	MaxBatch      int           // messages in one incoming batch; 1000
	MaxConcurrent int           // requests of the peer in flight; 1024
	MaxPending    int           // our calls that wait for an answer; 4096
	MaxQueue      int           // bytes of output not yet read by the peer, one message excepted; 8 MiB
	WriteStall    time.Duration // how long a writer waits at a full queue while the peer reads nothing; 30 s
	Grace         time.Duration // how long handlers have to return when the connection ends; 5 s
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	setDefault(&l.MaxMessage, 64<<20)
	setDefault(&l.MaxDepth, 512)
	setDefault(&l.MaxBatch, 1000)
	setDefault(&l.MaxConcurrent, 1024)
	setDefault(&l.MaxPending, 4096)
	setDefault(&l.MaxQueue, 8<<20)
	setDefault(&l.WriteStall, 30*time.Second)
	setDefault(&l.Grace, 5*time.Second)
	return l
}

func setDefault[T int | time.Duration](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}
