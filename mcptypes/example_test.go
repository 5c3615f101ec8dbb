package mcptypes_test

import (
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A union is read with a type switch. The last case is for what a newer peer
// sends: it is kept as it came.
func Example_union() {
	const text = `{"content":[{"type":"text","text":"3 files"},{"type":"hologram","depth":4}]}`
	var result mcptypes.CallToolResult
	if err := wire.Unmarshal([]byte(text), &result); err != nil {
		fmt.Println(err)
		return
	}
	for _, block := range result.Content {
		switch b := block.(type) {
		case *mcptypes.TextContent:
			fmt.Println("text:", b.Text)
		case *mcptypes.UnknownContentBlock:
			fmt.Println("skipped:", b.Tag, b.Raw)
		}
	}
	// Output:
	// text: 3 files
	// skipped: hologram {"type":"hologram","depth":4}
}

// send stands for a connection: it takes the params that belong to a method, and
// no others compile.
func send[P, R any](id int64, method wire.Request[P, R], params P) (string, error) {
	raw, err := wire.RawOf(params)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method.Method, raw), nil
}

// A method value joins the method's name, its params and its result.
func Example_request() {
	arguments, err := wire.RawOf(map[string]any{"path": "/tmp"})
	if err != nil {
		fmt.Println(err)
		return
	}
	message, err := send(1, mcptypes.CallTool, mcptypes.CallToolParams{
		Name:      "list_files",
		Arguments: arguments,
		Meta:      &mcptypes.RequestMeta{ProgressToken: mcptypes.IntID(7)},
	})
	fmt.Println(message, err)
	// Output:
	// {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":7},"arguments":{"path":"/tmp"},"name":"list_files"}} <nil>
}

// What this revision does not know stays where it was, digit for digit.
func Example_unknownMembers() {
	const text = `{"name":"echo","inputSchema":{"type":"object"},"cost":0.10,"vendor/rank":9007199254740993}`
	var tool mcptypes.Tool
	if err := wire.Unmarshal([]byte(text), &tool); err != nil {
		fmt.Println(err)
		return
	}
	if rank, ok := tool.Extra.Get("vendor/rank"); ok {
		fmt.Println("rank:", rank)
	}
	tool.Title = "Echo"
	if err := tool.Extra.SetValue("vendor/new", []int{1, 2}); err != nil {
		fmt.Println(err)
		return
	}
	again, err := wire.Append(nil, &tool)
	fmt.Println(string(again), err)
	// Output:
	// rank: 9007199254740993
	// {"inputSchema":{"type":"object"},"name":"echo","title":"Echo","cost":0.10,"vendor/rank":9007199254740993,"vendor/new":[1,2]} <nil>
}

// A tool decodes its arguments into a type of its own.
func Example_arguments() {
	params := mcptypes.CallToolParams{}
	if err := wire.Unmarshal([]byte(`{"name":"add","arguments":{"x":2,"y":40}}`), &params); err != nil {
		fmt.Println(err)
		return
	}
	var sum struct{ X, Y int }
	if err := params.Arguments.Decode(&sum); err != nil {
		fmt.Println(err)
		return
	}
	result := mcptypes.CallToolResult{Content: []mcptypes.ContentBlock{mcptypes.Text(fmt.Sprint(sum.X + sum.Y))}}
	text, err := wire.Append(nil, &result)
	fmt.Println(string(text), err)
	// Output: {"content":[{"text":"42","type":"text"}]} <nil>
}

// The sets of methods say which way a method goes; a ping goes both.
func Example_methods() {
	fmt.Println(mcptypes.CallTool.Method, mcptypes.Progress.Method)
	fmt.Println(mcptypes.ServerRequests)
	// Output:
	// tools/call notifications/progress
	// [ping sampling/createMessage roots/list elicitation/create]
}

// Absent, null and zero are three things.
func Example_absent() {
	for _, text := range []string{
		`{"progress":1,"progressToken":"a"}`,
		`{"progress":1,"progressToken":"a","total":0,"message":""}`,
		`{"progress":1,"progressToken":"a","total":null}`,
	} {
		var p mcptypes.ProgressParams
		if err := wire.Unmarshal([]byte(text), &p); err != nil {
			fmt.Println(err)
			return
		}
		again, err := wire.Append(nil, &p)
		fmt.Println(p.Total != nil, string(again), err)
	}
	// Output:
	// false {"progress":1,"progressToken":"a"} <nil>
	// true {"message":"","progress":1,"progressToken":"a","total":0} <nil>
	// false {"progress":1,"progressToken":"a","total":null} <nil>
}

// An enumeration takes values that this revision does not know.
func ExampleLoggingLevel_Valid() {
	var p mcptypes.LoggingMessageParams
	if err := wire.Unmarshal([]byte(`{"level":"chatty","data":null}`), &p); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Level, p.Level.Valid(), mcptypes.LoggingLevelDebug.Valid())
	// Output: chatty false true
}
