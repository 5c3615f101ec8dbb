package model

import "strings"

// minSecret is how long a value must be to be taken for a secret wherever it
// turns up.
const minSecret = 8

// A hiddenError says what another does without the secrets in it: endpoints
// repeat what they were sent.
type hiddenError struct {
	err  error
	text string
}

func (e *hiddenError) Error() string { return e.text }
func (e *hiddenError) Unwrap() error { return e.err }

// hide returns err with stars in place of secrets.
func hide(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	said := err.Error()
	text := said
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	if text == said {
		return err
	}
	return &hiddenError{err, text}
}

// secrets are what a request carries that must not be told on.
func (e *Endpoint) secrets(credential Credential) []string {
	var secrets []string
	add := func(value string) {
		if len(value) >= minSecret {
			secrets = append(secrets, value)
		}
	}
	add(credential.Bearer)
	for _, value := range e.provider.QueryParams {
		add(value)
	}
	for _, value := range e.provider.HTTPHeaders {
		add(value)
		add(strings.TrimPrefix(value, "Bearer "))
	}
	for _, variable := range e.provider.EnvHTTPHeaders {
		add(e.options.Getenv(variable))
	}
	return secrets
}
