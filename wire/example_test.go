package wire_test

import (
	"fmt"

	"github.com/codexmcp/codexmcp/wire"
)

func Example() {
	var c call // decodes like a generated type
	err := wire.Unmarshal([]byte(`{"name":"add","arguments":{"n":9007199254740993},"later":[true]}`), &c)
	fmt.Println(c.Name, c.Args, err)

	out, err := wire.Append(nil, &c)
	fmt.Println(string(out), err)

	fmt.Println(wire.Unmarshal([]byte(`{"arguments":{}}`), &c))
	fmt.Println(wire.Unmarshal([]byte(`{"name":"add","arguments":{"a":{"b":1,"b":2}}}`), &c))
	// Output:
	// add {"n":9007199254740993} <nil>
	// {"name":"add","arguments":{"n":9007199254740993},"later":[true]} <nil>
	// name: missing
	// arguments.a: duplicate member "b"
}

func ExampleMembers() {
	meta := wire.MembersOf()
	if err := meta.SetValue("progressToken", 17); err != nil {
		fmt.Println(err)
	}
	for name, value := range meta.All() {
		fmt.Println(name, value)
	}
	fmt.Println(meta)
	fmt.Printf("%q\n", wire.Members{}.String()) // absent
	// Output:
	// progressToken 17
	// {"progressToken":17}
	// ""
}
