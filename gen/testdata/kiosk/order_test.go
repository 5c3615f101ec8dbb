package kiosk

import (
	"reflect"
	"testing"

	"example.com/kiosk/protocol"
	"github.com/codexmcp/codexmcp/wire"
)

func TestOrder(t *testing.T) {
	p := Order()
	text, err := wire.Append(nil, &p)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"items":[{"kind":"drink","name":"flat white","size":"large"},{"kind":"food","name":"sandwich","warm":true}]}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestNothingIsLost(t *testing.T) {
	const text = `{"items":[{"kind":"ice","flavours":["lemon"]},{"kind":"drink","name":"tea","size":"huge"}],"language":"","options":{"grams":18.50},"vip":true}`
	var p protocol.PlaceOrderParams
	if err := wire.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if got, want := Names(p), []string{"something of kind ice", "huge tea"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	again, err := wire.Append(nil, &p)
	if err != nil || string(again) != text {
		t.Errorf("got %s (%v), want %s", again, err, text)
	}
}

func TestMethods(t *testing.T) {
	if got := protocol.PlaceOrder.Method; got != "order/place" {
		t.Errorf("got %q", got)
	}
	if got, want := protocol.ServerRequests, []string{"payment/confirm"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	var p protocol.PlaceOrderParams
	err := wire.Unmarshal([]byte(`{"items":[{"kind":"drink","size":"small"}]}`), &p)
	if err == nil || err.Error() != "items[0].name: missing" {
		t.Errorf("got %v", err)
	}
}
