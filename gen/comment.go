package gen

import "github.com/atombender/go-jsonschema/pkg/schemas"

// doc returns the doc comment of a type: an overlay's, else the schema's own.
func (b *builder) doc(name string, schema *schemas.Type) string {
	for _, o := range b.overlays {
		if d, ok := o.Docs[name]; ok {
			d.used = true
			if d.Spec != "" {
				return d.Doc + "\n\nSpecification: " + d.Spec + "."
			}
			return d.Doc
		}
	}
	return schema.Description
}

func (b *builder) memberDoc(name, member string, schema *schemas.Type) string {
	for _, o := range b.overlays {
		if d, ok := o.Docs[name]; ok {
			if text, ok := d.Members[member]; ok {
				d.usedMembers[member] = true
				return text
			}
		}
	}
	return schema.Description
}

func (b *builder) valueDoc(name, value, own string) string {
	for _, o := range b.overlays {
		if d, ok := o.Docs[name]; ok {
			if text, ok := d.Values[value]; ok {
				d.usedMembers[value] = true
				return text
			}
		}
	}
	return own
}
