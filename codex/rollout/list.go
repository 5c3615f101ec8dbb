package rollout

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	// DefaultPageSize is how many conversations a page has when nobody says.
	DefaultPageSize = 25

	// MaxPageSize is how many conversations a page has at most.
	MaxPageSize = 1000

	// maxScan is how many files are opened for a page at most, and maxAhead how
	// many of them to see whether another page follows.
	maxScan, maxAhead = 10_000, 1_000

	// maxHead is how much of a file is read for its preview.
	maxHead = 8 << 20

	// headItems is how many items a preview is looked for in, once it is known
	// that the user said something.
	headItems = 10

	// maxPreview is how long a preview is at most.
	maxPreview = 4 << 10

	// requestMarker is what some clients write before the user's own words.
	requestMarker = "## My request for Codex:"
)

// ErrCursor is returned for a cursor that no page gave.
var ErrCursor = errors.New("not a cursor of a page of conversations")

// List returns a page of the conversations in home in which the user said
// something, the newest first: those after cursor, at most pageSize. NextCursor
// is where the next page begins, empty when there is none. Files that cannot be
// read are left out.
func List(ctx context.Context, home, cursor string, pageSize int) (mcpprotocol.ListConversationsResult, error) {
	p := page{size: min(pageSize, MaxPageSize), in: newLines(nil, maxHead)}
	p.result.Items = []mcpprotocol.ConversationSummary{}
	if cursor != "" {
		from, ok := parsePosition(cursor)
		if !ok {
			return p.result, fmt.Errorf("listing conversations: %q is %w", cursor, ErrCursor)
		}
		p.from = &from
	}
	if p.size <= 0 {
		return p.result, nil
	}
	for d, err := range days(ctx, home, p.from) {
		if err != nil {
			return p.result, fmt.Errorf("listing conversations: %w", err)
		}
		if full := p.add(ctx, d); full {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return p.result, fmt.Errorf("listing conversations: %w", context.Cause(ctx))
	}
	return p.result, nil
}

// A page is being filled.
type page struct {
	from    *position
	size    int
	scanned int
	last    position // of the last file that was opened and belongs to the page
	ahead   int      // how many files were opened since the page was full
	in      *lines
	result  mcpprotocol.ListConversationsResult
}

// add takes in the files of a day, until the page is full and it is known
// whether more follow.
func (p *page) add(ctx context.Context, d day) (full bool) {
	files := newest(d.stored)
	if p.from != nil {
		files = slices.DeleteFunc(files, func(s stored) bool { return s.compare(*p.from) >= 0 })
	}
	heap.Init(&files)
	for len(files) > 0 {
		if ctx.Err() != nil {
			return true
		}
		file := heap.Pop(&files).(stored)
		item, ok := p.summary(d, file.name)
		if full = len(p.result.Items) == p.size; full {
			p.ahead++
		}
		if p.scanned++; full && (ok || p.ahead == maxAhead) || p.scanned > maxScan {
			p.result.NextCursor = p.last.String()
			return true
		}
		if ok {
			item.Path = filepath.Join(d.path, file.name)
			p.result.Items = append(p.result.Items, item)
		}
		p.last = file.position
	}
	return false
}

// A newest is a heap with the newest file on top: a page wants few of many.
type newest []stored

func (n newest) Len() int           { return len(n) }
func (n newest) Less(i, j int) bool { return n[i].compare(n[j].position) > 0 }
func (n newest) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *newest) Push(x any)        { *n = append(*n, x.(stored)) }

func (n *newest) Pop() any {
	last := len(*n) - 1
	x := (*n)[last]
	*n = (*n)[:last]
	return x
}

// summary reads the head of a file. It reports false for one in which the user
// said nothing.
func (p *page) summary(d day, name string) (mcpprotocol.ConversationSummary, bool) {
	if !d.regular(name) {
		return mcpprotocol.ConversationSummary{}, false
	}
	file, err := d.root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return mcpprotocol.ConversationSummary{}, false
	}
	defer func() { _ = file.Close() }()
	p.in.reset(io.LimitReader(file, maxHead))
	return summarize(p.in)
}

// summarize reads lines until it has seen the session, that the user said
// something and the first words. A conversation without words is listed only if
// the user sent images instead.
func summarize(in *lines) (mcpprotocol.ConversationSummary, bool) {
	var (
		summary     mcpprotocol.ConversationSummary
		text        string
		found       bool // text
		said, shown bool // by the user
	)
	for items := 0; (summary.ConversationID == "" || !said || !found && items < headItems) && in.next(); {
		line, err := decodeLine(bytes.TrimSpace(in.text))
		if err != nil {
			continue
		}
		switch x := line.(type) {
		case *mcpprotocol.SessionMetaLine:
			items++
			if summary.ConversationID == "" && validID(string(x.Payload.ID)) {
				summary.ConversationID, summary.Timestamp = x.Payload.ID, x.Payload.Timestamp
			}
		case *mcpprotocol.ResponseItemLine:
			items++
			if message, ok := x.Payload.(*mcpprotocol.MessageItem); ok && !found {
				text, found = firstText(message.Content)
			}
		case *mcpprotocol.EventMsgLine:
			if user, ok := x.Payload.(*mcpprotocol.UserMessageEvent); ok {
				said, shown = true, shown || len(user.Images) > 0
			}
		}
	}
	summary.Preview = preview(text)
	return summary, summary.ConversationID != "" && said && (found || shown)
}

// firstText returns the first text of a message that a person wrote.
func firstText(content []mcpprotocol.ContentItem) (string, bool) {
	for _, part := range content {
		if text, ok := part.(*mcpprotocol.InputTextContent); ok && !tagged(text.Text) {
			return text.Text, true
		}
	}
	return "", false
}

// tagged reports whether text is something that programs tell the model in the
// user's name.
func tagged(text string) bool {
	text = strings.TrimSpace(text)
	for _, tag := range [...]string{"environment_context", "user_instructions"} {
		if strings.HasPrefix(text, "<"+tag+">") && strings.HasSuffix(text, "</"+tag+">") {
			return true
		}
	}
	return false
}

// preview returns the beginning of the user's own words.
func preview(text string) string {
	if _, after, ok := strings.Cut(text, requestMarker); ok {
		text = strings.TrimSpace(after)
	}
	if len(text) > maxPreview {
		text = strings.ToValidUTF8(text[:maxPreview], "")
	}
	return text
}
