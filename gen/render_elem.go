package gen

import "strconv"

// An elemArgs is what the templates of a value need: where it is and what it is.
// Nested ones are numbered, so that their variables do not hide each other.
type elemArgs struct {
	Expr  string
	Type  *Type
	depth int
	fresh bool
}

// Var is a name for a variable at this level of nesting.
func (a elemArgs) Var(name string) string {
	if a.depth == 0 {
		return name
	}
	return name + strconv.Itoa(a.depth+1)
}

// Elem is the item of the array or map, found at an expression.
func (a elemArgs) Elem(expr string) elemArgs {
	return elemArgs{Expr: expr, Type: a.Type.Elem, depth: a.depth + 1}
}

// New is the value as a new variable.
func (a elemArgs) New() elemArgs {
	a.fresh = true
	return a
}

// Assign is the operator that gives the value its first value.
func (a elemArgs) Assign() string {
	if a.fresh {
		return ":="
	}
	return "="
}

// As is the value as another expression has it.
func (a elemArgs) As(expr string) elemArgs {
	return elemArgs{Expr: expr, Type: a.Type, depth: a.depth}
}
