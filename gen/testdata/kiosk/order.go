// Package kiosk shows what a program makes of generated types.
package kiosk

import "example.com/kiosk/protocol"

//go:generate go run github.com/codexmcp/codexmcp/tools/schema@latest generate

// Order orders one large drink and a sandwich.
func Order() protocol.PlaceOrderParams {
	return protocol.PlaceOrderParams{
		Items: []protocol.Item{
			&protocol.Drink{Name: "flat white", Size: protocol.SizeLarge},
			&protocol.Food{Name: "sandwich", Warm: new(true)},
		},
	}
}

// Names lists what an order asks for.
func Names(p protocol.PlaceOrderParams) []string {
	var names []string
	for _, item := range p.Items {
		switch i := item.(type) {
		case *protocol.Drink:
			names = append(names, string(i.Size)+" "+i.Name)
		case *protocol.Food:
			names = append(names, i.Name)
		case *protocol.UnknownItem: // of a newer kiosk, kept as it came
			names = append(names, "something of kind "+i.Tag)
		}
	}
	return names
}
