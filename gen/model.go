package gen

// A Package is everything that is decided about a Go package before any of it
// is written: the model between schema and source. Rendering makes no decision.
type Package struct {
	// Name is the Go package's name, Import its import path.
	Name, Import string
	// Title and Revision describe the protocol in comments.
	Title, Revision string
	// Source is the pin's path and Command what a person runs to generate, for the
	// head of every file.
	Source, Command string

	Structs []*Struct
	Unions  []*Union
	Enums   []*Enum
	Named   []*Named
	Aliases []*Alias
	Methods []*Method
	// Directions are the sets of methods that may go each way.
	Directions []*Direction
	// Schemas are JSON Schemas the package carries as text.
	Schemas []*Schema

	types   map[string]*Type    // by definition name
	schemas map[string]any      // the definitions, overlays applied
	imports map[string]*Package // by the name a $ref calls them
}

// A Kind says how a type is read and written.
type Kind int

// The kinds of types. Those that end in Kind have a name of their own.
const (
	String      Kind = iota // string
	Bool                    // bool
	Int                     // int64
	Float                   // float64
	ID                      // wire.RequestID: a string or an integer
	Raw                     // wire.Raw: any JSON value, as it came
	Members                 // wire.Members: a free-form object
	ConstString             // no field: a fixed string
	ConstInt                // no field: a fixed integer
	ConstBool               // no field: a fixed boolean
	EnumKind                // an open set of strings
	StructKind              // an object with known members
	UnionKind               // a closed interface
	NamedKind               // a named slice or scalar, as a variant of a union
	Slice                   // []Elem
	Map                     // map[string]Elem
)

// A Type is the Go type of a member, an item or a map's values.
type Type struct {
	Kind Kind
	// Name is the Go name of a named kind, Import its package if not this one.
	Name, Import string
	// Elem is the item type of a Slice or the value type of a Map.
	Elem *Type
	// Const is the value of a constant.
	Const string
	// Nullable is set when the schema allows null.
	Nullable bool

	strct *Struct
	union *Union
	enum  *Enum
	named *Named
}

// A Struct is an object with known members.
type Struct struct {
	Name, Doc string
	Fields    []*Field
	// At is where in the schema it comes from.
	At string
	// Box is set when the only field is a union that stands for the whole object.
	Box bool
}

// A Field is a member of a struct, in the order of the schema's normal form.
type Field struct {
	// Wire is the member's name in JSON, Name the Go field's.
	Wire, Name, Doc string
	Type            *Type
	Required        bool
	At              string
}

// A Union is a closed interface with one Go type per variant.
type Union struct {
	Name, Doc string
	Variants  []*Variant
	// Key is the member whose constant tells variants apart, if there is one.
	Key string
	// KeyInt is set when the constants are integers.
	KeyInt bool
	// Cases decide by Key's value; without Key there is one case with no value.
	Cases []*Case
	// Default is the variant meant when Key is absent or unknown, if there is one.
	Default *Variant
	// Rest is the variant meant by every other value of Key, if there is one.
	Rest *Variant
	// ByKind are the variants that are no objects, each told by its JSON kind.
	ByKind []*KindVariant
	// Tagged is set when every variant has Key as a constant, so that the
	// interface can name it with a method.
	Tagged bool
	At     string
}

// A Variant is one member of a union.
type Variant struct {
	Type *Type
	// Tags are the values of the union's key that mean this variant.
	Tags []string
}

// A KindVariant is a variant that is no object.
type KindVariant struct {
	JSON string // the name of the wire.Kind constant
	Type *Type
}

// A Case is what is tried when the union's key has one of Values: the
// variants with a Has in order, then Else.
type Case struct {
	Values []string
	Tests  []*Test
	Else   *Variant
}

// A Test picks a variant when the object has a member or, with a Key, when that
// member has a value.
type Test struct {
	Has        []string // a path of member names
	Key, Value string
	Variant    *Variant
}

// An Enum is an open set of strings.
type Enum struct {
	Name, Doc string
	Values    []*EnumValue
	At        string
}

// An EnumValue is one known value.
type EnumValue struct{ Wire, Name, Doc string }

// A Named is a Go type of its own over a slice or a scalar, so that it can be
// a variant of a union.
type Named struct {
	Name, Doc string
	Under     *Type
}

// An Alias gives a package's own name to a type of the runtime.
type Alias struct{ Name, Doc, Target string }

// A Method joins a method's name, params and result.
type Method struct {
	// Wire is the method's name in JSON, Name the Go variable's.
	Wire, Name, Doc string
	// Params is nil when the method takes none; Result is nil for a notification.
	Params, Result *Type
	// ParamsRequired is set when a message without params is invalid.
	ParamsRequired bool
	// Request is set for requests, unset for notifications.
	Request bool
	def     string
	// paramsAt and resultAt are where in the schema they come from.
	paramsAt, resultAt string
}

// A Direction is a set of methods, by the name it has in Go.
type Direction struct {
	Name, Doc string
	Methods   []*Method
}

// A Schema is the JSON Schema of a type, references resolved.
type Schema struct {
	// Name is the Go constant's, Type the type's it describes.
	Name, Type string
	Text       string
}
