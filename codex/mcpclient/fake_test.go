package mcpclient

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The test binary is also the servers that the tests run against: a process
// with this variable set behaves as it says.
const fakeVariable = "CODEXMCP_TEST_SERVER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(fakeVariable); mode != "" {
		os.Exit(fake(mode, os.Stdin, os.Stdout))
	}
	limits.MaxMessage = 1 << 20 // so that a line over it does not take long
	os.Exit(m.Run())
}

// A message is one that a fake server reads.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string          `json:"name"`
		Cursor    string          `json:"cursor"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// hugeLine is how long a line of a hostile server is.
const hugeLine = 16 << 20

const listed = `{"name":%q,"inputSchema":{"type":"object"},"annotations":{"idempotentHint":%v}}`

// fake is a server that does what its mode says, and what is normal else.
func fake(mode string, in io.Reader, out io.Writer) int {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	changed := false
	if mode == "exits" {
		_, _ = fmt.Fprintln(os.Stderr, "no licence found")
		return 3
	}
	if mode == "forks" {
		hold()
		return 0
	}
	for lines.Scan() {
		var m message
		if json.Unmarshal(lines.Bytes(), &m) != nil || m.ID == nil {
			continue
		}
		switch m.Method {
		case "initialize":
			misanswer(mode, m, say, out,
				`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"fake","version":"1"}%s}}`)
		case "ping":
			say(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
		case "tools/list":
			switch {
			case mode == "changing":
				say(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
				say(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[],"nextCursor":"again"}}`, m.ID)
			case m.Params.Cursor == "":
				say(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[`+listed+`,`+listed+`],"nextCursor":"2"}}`, m.ID, "echo", false, "die", false)
			case changed:
				say(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[`+listed+`]}}`, m.ID, "new", false)
			default:
				say(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[`+listed+`,`+listed+`]}}`, m.ID, "dieOnce", true, "ask", false)
			}
		case "tools/call":
			switch m.Params.Name {
			case "die":
				_, _ = fmt.Fprintln(os.Stderr, "out of memory")
				return 4
			case "dieOnce":
				if first(os.Getenv("ONCE")) {
					return 4
				}
			case "ask":
				say(`{"jsonrpc":"2.0","id":"a","method":"ping"}`)
				say(`{"jsonrpc":"2.0","id":"b","method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{}}}}`)
				var answers []string
				for len(answers) < 2 && lines.Scan() {
					answers = append(answers, lines.Text())
				}
				say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":%q}]}}`, m.ID, strings.Join(answers, " "))
				continue
			case "change":
			}
			var a struct{ Text string }
			_ = json.Unmarshal(m.Params.Arguments, &a)
			switch a.Text {
			case "silence":
				continue
			case "refuse":
				say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"not today"}}`, m.ID)
				continue
			case "change":
				changed = true
				say(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
			case "environment":
				a.Text = strings.Join(os.Environ(), " ")
			default:
				if hostile, ok := strings.CutPrefix(a.Text, "hostile: "); ok {
					misanswer(hostile, m, say, out, `{"jsonrpc":"2.0","id":%s,"result":{"content":[]%s}}`)
					continue
				}
			}
			say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":%q}]}}`, m.ID, a.Text)
		default:
			say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}`, m.ID)
		}
	}
	return 0
}

// misanswer answers a request as no server should.
func misanswer(mode string, m message, say func(string, ...any), out io.Writer, answer string) {
	switch mode {
	case "mute":
	case "twice":
		say(answer, m.ID, "")
		say(answer, m.ID, "")
	case "wrong ids":
		say(answer, `"x"`, "")
		say(answer, `99`, "")
	case "floods":
		for range 20_000 {
			say(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"noise"}}`)
			say(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
		}
		say(answer, m.ID, "")
	case "floods for ever":
		for {
			if _, err := io.WriteString(out, `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"noise"}}`+"\n"); err != nil {
				os.Exit(0)
			}
		}
	case "floods stderr":
		for range 1000 {
			_, _ = fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 200))
		}
		say(answer, m.ID, "")
	case "closes mid-line":
		_, _ = fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"res`, m.ID)
		os.Exit(0)
	case "huge line":
		chunk := strings.Repeat("x", 1<<20)
		for range hugeLine >> 20 {
			_, _ = io.WriteString(out, chunk)
		}
		say("")
	case "deep nesting":
		say(answer, m.ID, `,"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000))
	case "invalid UTF-8":
		say(answer, m.ID, ",\"x\":\"\xff\xfe\"")
	case "logs to stdout":
		say("INFO starting up")
		say("{not json")
		say("[1,2]")
		say(answer, m.ID, "")
	default:
		say(answer, m.ID, "")
	}
}

// hold leaves a process behind that holds on to stdout, and to a connection by
// which the test sees when it is gone.
func hold() {
	if os.Getenv("HOLD") == "" {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "HOLD=1")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	c, err := net.Dial("tcp", os.Getenv("LISTENER"))
	if err != nil {
		return
	}
	_, _ = c.Read(make([]byte, 1))
}

// first reports whether a file is not there yet, and makes it.
func first(path string) bool {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}
