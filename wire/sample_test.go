package wire_test

import "github.com/codexmcp/codexmcp/wire"

// call, result and block are written as the generator writes them.

type call struct {
	Name  string
	Args  wire.Raw
	Meta  wire.Members
	Token *wire.RequestID
	Extra wire.Members
}

var callMembers = []string{"name", "arguments", "_meta", "token"}

func (v *call) DecodeJSON(d *wire.Decoder) {
	*v = call{}
	var seen uint64
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "name":
			d.Once(&seen, 1)
			v.Name = d.String()
		case "arguments":
			d.Once(&seen, 2)
			v.Args = d.Raw()
		case "_meta":
			d.Once(&seen, 4)
			if d.Present(&v.Extra, "_meta") {
				v.Meta = d.Members()
			}
		case "token":
			d.Once(&seen, 8)
			if d.Present(&v.Extra, "token") {
				v.Token = new(d.ID())
			}
		default:
			d.Extra(&v.Extra, k)
		}
	}
	d.Require(seen, 1, "name")
}

func (v *call) EncodeJSON(e *wire.Encoder) {
	e.Object()
	e.String(`"name":`, v.Name)
	e.OptRaw(`"arguments":`, v.Args, v.Extra)
	e.OptMembers(`"_meta":`, v.Meta, v.Extra)
	if v.Token != nil {
		e.ID(`"token":`, *v.Token)
	} else {
		e.Absent(`"token":`, v.Extra)
	}
	e.EndObject(v.Extra, callMembers)
}

func (v call) MarshalJSON() ([]byte, error)  { return wire.Append(nil, &v) }
func (v *call) UnmarshalJSON(b []byte) error { return wire.Unmarshal(b, v) }

type result struct {
	Content []block
	IsError *bool
	Score   *float64
	Total   float64
	Title   string
	Level   string
	Count   *int64
	Labels  map[string]string
	Extra   wire.Members
}

var (
	resultMembers = []string{"content", "isError", "score", "total", "title", "level", "count", "labels"}
	levels        = []string{"debug", "info"}
)

func (v *result) DecodeJSON(d *wire.Decoder) {
	*v = result{}
	var seen uint64
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "content":
			d.Once(&seen, 1<<0)
			for ok := d.FirstItem(); ok; ok = d.NextItem() {
				v.Content = append(v.Content, decodeBlock(d))
			}
		case "isError":
			d.Once(&seen, 1<<1)
			v.IsError = d.OptBool(&v.Extra, "isError")
		case "score":
			d.Once(&seen, 1<<2)
			v.Score = d.OptFloat(&v.Extra, "score")
		case "total":
			d.Once(&seen, 1<<3)
			v.Total = d.NumberFloat(&v.Extra, "total")
		case "title":
			d.Once(&seen, 1<<4)
			v.Title = d.OptString(&v.Extra, "title")
		case "level":
			d.Once(&seen, 1<<5)
			v.Level = d.OptEnum(&v.Extra, "level", levels)
		case "count":
			d.Once(&seen, 1<<6)
			v.Count = d.OptInt(&v.Extra, "count")
		case "labels":
			d.Once(&seen, 1<<7)
			v.Labels = map[string]string{}
			for k, ok := d.First(); ok; k, ok = d.Next() {
				if _, ok := v.Labels[k]; ok {
					d.Duplicate()
				}
				k = d.Keep(k)
				v.Labels[k] = d.String()
			}
		default:
			d.Extra(&v.Extra, k)
		}
	}
	d.Require(seen, 1<<0|1<<3, "content", "total")
}

func (v *result) EncodeJSON(e *wire.Encoder) {
	e.Object()
	e.Key(`"content":`)
	e.Array()
	for _, b := range v.Content {
		b.EncodeJSON(e)
	}
	e.EndArray()
	e.OptBool(`"isError":`, v.IsError, v.Extra)
	e.OptFloat(`"score":`, v.Score, v.Extra)
	e.Float(`"total":`, v.Total, v.Extra)
	e.OptString(`"title":`, v.Title, v.Extra)
	e.OptString(`"level":`, v.Level, v.Extra)
	e.OptInt(`"count":`, v.Count, v.Extra)
	if len(v.Labels) > 0 {
		e.Key(`"labels":`)
		e.Object()
		for k, s := range v.Labels {
			e.Name(k)
			e.StringValue(s)
		}
		e.EndObject(wire.Members{}, nil)
	} else {
		e.Absent(`"labels":`, v.Extra)
	}
	e.EndObject(v.Extra, resultMembers)
}

func (v result) MarshalJSON() ([]byte, error)  { return wire.Append(nil, &v) }
func (v *result) UnmarshalJSON(b []byte) error { return wire.Unmarshal(b, v) }

type block interface {
	wire.Value
	Type() string
}

func decodeBlock(d *wire.Decoder) block {
	tag, ok := d.PeekString("type")
	if !ok {
		d.Fail("want an object with a member %q that is a string", "type")
		return nil
	}
	switch tag {
	case "text":
		v := &text{}
		v.DecodeJSON(d)
		return v
	default:
		v := &unknown{Tag: d.Keep(tag)}
		v.DecodeJSON(d)
		return v
	}
}

type text struct {
	Text  string
	Extra wire.Members
}

func (v *text) Type() string { return "text" }

func (v *text) DecodeJSON(d *wire.Decoder) {
	*v = text{}
	var seen uint64
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "type":
			d.Once(&seen, 1)
			d.Const("text")
		case "text":
			d.Once(&seen, 2)
			v.Text = d.String()
		default:
			d.Extra(&v.Extra, k)
		}
	}
	d.Require(seen, 3, "type", "text")
}

func (v *text) EncodeJSON(e *wire.Encoder) {
	e.Object()
	e.Const(`"type":`, "text")
	e.String(`"text":`, v.Text)
	e.EndObject(v.Extra, []string{"type", "text"})
}

type unknown struct {
	Tag string
	Raw wire.Raw
}

func (v *unknown) Type() string               { return v.Tag }
func (v *unknown) DecodeJSON(d *wire.Decoder) { v.Raw = d.Raw() }
func (v *unknown) EncodeJSON(e *wire.Encoder) { e.RawValue(v.Raw) }
