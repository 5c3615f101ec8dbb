package model

import "github.com/codexmcp/codexmcp/mcpprotocol"

const abortedOutput = "aborted" // what the model is told about a call that never ended

// pairOutputs says for each call in the input where its output is. Ids are matched from the end and
// each once, for some servers use the same ones in every answer.
func pairOutputs(input []mcpprotocol.ResponseItem) map[int]int {
	free := map[string][]int{} // outputs behind the current item, by id
	pairs := map[int]int{}
	for i := len(input) - 1; i >= 0; i-- {
		if id, ok := outputID(input[i]); ok {
			free[id] = append(free[id], i)
		}
		if id, ok := callID(input[i]); ok {
			if n := len(free[id]); n > 0 {
				pairs[i] = free[id][n-1]
				free[id] = free[id][:n-1]
			}
		}
	}
	return pairs
}

// settle returns the input with an output for every call: one that was cut short gets an output of
// its kind right behind it, since both APIs refuse a conversation with an open call.
func settle(input []mcpprotocol.ResponseItem) []mcpprotocol.ResponseItem {
	pairs := pairOutputs(input)
	settled := make([]mcpprotocol.ResponseItem, 0, len(input))
	for i, item := range input {
		settled = append(settled, item)
		if _, ok := callID(item); !ok {
			continue
		}
		if _, ok := pairs[i]; !ok {
			settled = append(settled, aborted(item))
		}
	}
	return settled
}

// callID is the id that the output of a call carries. It is false for what is no call.
func callID(item mcpprotocol.ResponseItem) (string, bool) {
	switch x := item.(type) {
	case *mcpprotocol.FunctionCallItem:
		return x.CallID, true
	case *mcpprotocol.CustomToolCallItem:
		return x.CallID, true
	case *mcpprotocol.LocalShellCallItem:
		if x.CallID != "" {
			return x.CallID, true
		}
		return x.ID, true
	}
	return "", false
}

func outputID(item mcpprotocol.ResponseItem) (string, bool) {
	switch x := item.(type) {
	case *mcpprotocol.FunctionCallOutputItem:
		return x.CallID, true
	case *mcpprotocol.CustomToolCallOutputItem:
		return x.CallID, true
	}
	return "", false
}

func aborted(call mcpprotocol.ResponseItem) mcpprotocol.ResponseItem {
	id, _ := callID(call)
	if _, ok := call.(*mcpprotocol.CustomToolCallItem); ok {
		return &mcpprotocol.CustomToolCallOutputItem{CallID: id, Output: abortedOutput}
	}
	return &mcpprotocol.FunctionCallOutputItem{CallID: id, Output: abortedOutput}
}
