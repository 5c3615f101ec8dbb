package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// inTemp runs f with a folder that is gone afterwards.
func inTemp(f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	return errors.Join(f(dir), os.RemoveAll(dir))
}

// timed returns how long f takes.
func timed(f func() error) (float64, error) {
	began := time.Now()
	err := f()
	return inMilliseconds(time.Since(began)), err
}

// start measures from the start of the process to the answer to initialize, and
// what a process takes that does nothing else.
func start(ctx context.Context, o options, programs [2]program) ([]row, error) {
	answered := row{name: "start to initialize answered", format: milliseconds, goal: 1.0 / 4}
	took := row{name: "start to initialize answered, CPU to the exit", format: milliseconds, goal: 1.0 / 4}
	for range o.rounds {
		for i, p := range programs {
			err := inTemp(func(dir string) error {
				var s *process
				wall, err := timed(func() (err error) { s, err = launch(ctx, p, dir, ""); return err })
				if err != nil {
					return err
				}
				if err := s.end(); err != nil {
					return err
				}
				answered.samples[i] = append(answered.samples[i], wall)
				took.samples[i] = append(took.samples[i], inMilliseconds(s.cpu()))
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return []row{answered, took}, nil
}

// begin measures newConversation.
func begin(ctx context.Context, o options, programs [2]program) ([]row, error) {
	called := row{name: "newConversation", format: milliseconds, goal: 1.0 / 10}
	err := inTemp(func(dir string) error {
		servers, err := pair(ctx, programs, dir, "")
		if err != nil {
			return err
		}
		for range o.rounds * 5 {
			for i, s := range servers {
				wall, err := timed(func() error { _, err := s.call("newConversation", struct{}{}, ""); return err })
				if err != nil {
					return err
				}
				called.samples[i] = append(called.samples[i], wall)
			}
		}
		return errors.Join(servers[0].end(), servers[1].end())
	})
	return []row{called}, err
}

// provider configures a model endpoint.
func provider(url, api string) string {
	return fmt.Sprintf("model = \"m\"\nmodel_provider = \"bench\"\n[model_providers.bench]\nname = \"bench\"\nbase_url = %q\nwire_api = %q\n", url, api)
}

// answering is a model that says the same at once, as often as it is asked.
func answering() (*scripted.Server, error) {
	return scripted.Start(scripted.Reply{Forever: true, Text: []string{"Nothing ", "to ", "do."}, Usage: &scripted.Usage{Input: 10, Output: 3}})
}

// converse begins a conversation and listens to it.
func converse(s *process) (id string, err error) {
	result, err := s.call("newConversation", struct{}{}, "")
	if err != nil {
		return "", err
	}
	var begun struct {
		ConversationID string `json:"conversationId"`
	}
	if err := json.Unmarshal(result, &begun); err != nil {
		return "", err
	}
	_, err = s.call("addConversationListener", begun, "")
	return begun.ConversationID, err
}

// turn says something and waits for the end of the turn.
func turn(s *process, id string) error {
	_, err := s.call("sendUserMessage", map[string]any{
		"conversationId": id, "items": []any{map[string]any{"type": "text", "data": map[string]any{"text": "What is to do?"}}},
	}, "codex/event/task_complete")
	return err
}

// turns measures a turn with a model that answers at once, on both APIs.
func turns(ctx context.Context, o options, programs [2]program) ([]row, error) {
	var rows []row
	for _, api := range []string{"chat", "responses"} {
		wall := row{name: "turn, " + api + " API", format: milliseconds, goal: 0.8}
		taken := row{name: "turn, " + api + " API, CPU of a server that runs " + strconv.Itoa(o.rounds*5), format: milliseconds, goal: 0.8}
		err := inTemp(func(dir string) error {
			endpoint, err := answering()
			if err != nil {
				return err
			}
			defer func() { _ = endpoint.Close() }()
			servers, err := pair(ctx, programs, dir, provider(endpoint.URL(), api))
			if err != nil {
				return err
			}
			var ids [2]string
			for round := range o.rounds * 5 {
				for i, s := range servers {
					if round%20 == 0 { // keeps the history short
						if ids[i], err = converse(s); err != nil {
							return err
						}
					}
					took, err := timed(func() error { return turn(s, ids[i]) })
					if err != nil {
						return err
					}
					wall.samples[i] = append(wall.samples[i], took)
				}
			}
			for i, s := range servers {
				if err := s.end(); err != nil {
					return err
				}
				taken.samples[i] = append(taken.samples[i], inMilliseconds(s.cpu()))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, wall, taken)
	}
	return rows, nil
}

// memory measures what a server has with a hundred conversations that have been
// listened to for one turn each.
func memory(ctx context.Context, _ options, programs [2]program) ([]row, error) {
	const conversations = 100
	rows := []row{
		{name: "RSS, 100 conversations begun", format: mebibytes, goal: 1.0 / 3},
		{name: "PSS, 100 conversations begun", format: mebibytes, goal: 1.0 / 3},
		{name: "RSS, 100 conversations after a turn each", format: mebibytes, goal: 1.0 / 3},
		{name: "PSS, 100 conversations after a turn each", format: mebibytes, goal: 1.0 / 3},
	}
	err := inTemp(func(dir string) error {
		endpoint, err := answering()
		if err != nil {
			return err
		}
		defer func() { _ = endpoint.Close() }()
		servers, err := pair(ctx, programs, dir, provider(endpoint.URL(), "responses"))
		if err != nil {
			return err
		}
		for i, s := range servers {
			ids := make([]string, conversations)
			for n := range ids {
				if ids[n], err = converse(s); err != nil {
					return err
				}
			}
			weigh := func(into []row) error {
				rss, pss, err := s.memory()
				into[0].samples[i], into[1].samples[i] = []float64{rss}, []float64{pss}
				return err
			}
			if err := weigh(rows); err != nil {
				return err
			}
			for _, id := range ids {
				if err := turn(s, id); err != nil {
					return err
				}
			}
			if err := weigh(rows[2:]); err != nil {
				return err
			}
			if err := s.end(); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// listing measures the first page of many rollouts, all of one day or spread
// over a hundred days.
func listing(ctx context.Context, o options, programs [2]program) ([]row, error) {
	var rows []row
	for _, c := range []struct {
		name string
		days int
		most float64
	}{{"one day", 1, 0}, {"a hundred days", 100, 20}} {
		r := row{name: fmt.Sprintf("listConversations, %d rollouts of %s", o.files, c.name), format: milliseconds, goal: 1, most: c.most}
		err := inTemp(func(dir string) error {
			for i := range programs {
				if err := fill(filepath.Join(dir, strconv.Itoa(i), "home"), o.files, c.days); err != nil {
					return err
				}
			}
			servers, err := pair(ctx, programs, dir, "")
			if err != nil {
				return err
			}
			var pages [2]string
			for range o.rounds {
				for i, s := range servers {
					took, err := timed(func() error {
						page, err := s.call("listConversations", struct{}{}, "")
						pages[i] = strings.ReplaceAll(string(page), s.home, "")
						return err
					})
					if err != nil {
						return err
					}
					r.samples[i] = append(r.samples[i], took)
				}
			}
			if pages[0] != pages[1] {
				return fmt.Errorf("the pages differ:\n%s\n%s", pages[0], pages[1])
			}
			return errors.Join(servers[0].end(), servers[1].end())
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// fill puts rollouts of short conversations into home, spread over days.
func fill(home string, files, days int) error {
	random := rand.NewChaCha8([32]byte{}) // both homes are alike
	first := time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)
	for n := range files {
		at := first.AddDate(0, 0, n%days).Add(time.Duration(n/days) * time.Second)
		id, err := uuid.NewRandomFromReader(random)
		if err != nil {
			return err
		}
		folder := filepath.Join(home, "sessions", at.Format("2006/01/02"))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		name := filepath.Join(folder, "rollout-"+at.Format("2006-01-02T15-04-05")+"-"+id.String()+".jsonl")
		if err := os.WriteFile(name, []byte(rollout(id.String(), at, n)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// rollout is what is recorded of a conversation of one turn.
func rollout(id string, at time.Time, n int) string {
	var lines strings.Builder
	line := func(kind, format string, args ...any) {
		fmt.Fprintf(&lines, `{"timestamp":%q,"type":%q,"payload":`+format+"}\n",
			append([]any{at.Format("2006-01-02T15:04:05.000Z"), kind}, args...)...)
	}
	said := fmt.Sprintf("What is there to do on day %d?", n)
	line("session_meta", `{"id":%q,"timestamp":%q,"cwd":"/work","originator":"bench","cli_version":"0.36.0","instructions":null}`, id, at.Format("2006-01-02T15:04:05.000Z"))
	line("response_item", `{"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}`,
		"<environment_context>\n  <cwd>/work</cwd>\n  <approval_policy>on-request</approval_policy>\n</environment_context>")
	line("response_item", `{"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}`, said)
	line("event_msg", `{"type":"user_message","message":%q,"kind":"plain"}`, said)
	line("turn_context", `{"cwd":"/work","approval_policy":"on-request","sandbox_policy":{"mode":"read-only"},"model":"m","summary":"auto"}`)
	line("event_msg", `{"type":"agent_message","message":%q}`, strings.Repeat("Rest. ", 100))
	line("response_item", `{"type":"message","role":"assistant","content":[{"type":"output_text","text":%q}]}`, strings.Repeat("Rest. ", 100))
	return lines.String()
}
