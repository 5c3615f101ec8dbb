package safety

import (
	"strconv"
	"strings"
	"sync"
)

// MaxApproved is the number of commands that a session remembers as approved. Those
// approved beyond it are asked about again.
const MaxApproved = 10_000

// Approved is the set of commands a person has approved for a session, each with
// exactly its arguments. The zero value is empty and ready; it is safe for
// concurrent use.
type Approved struct {
	mu       sync.Mutex
	commands map[string]bool
}

// Add remembers argv.
func (a *Approved) Add(argv []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.commands == nil {
		a.commands = make(map[string]bool)
	}
	if len(a.commands) < MaxApproved {
		a.commands[key(argv)] = true
	}
}

// Has reports whether exactly argv was added.
func (a *Approved) Has(argv []string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.commands[key(argv)]
}

// key joins argv so that different ones stay different.
func key(argv []string) string {
	var b strings.Builder
	for _, word := range argv {
		b.WriteString(strconv.Itoa(len(word)))
		b.WriteByte(' ')
		b.WriteString(word)
	}
	return b.String()
}
