package server

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// sealedFor is how long a sealed state is good.
const sealedFor = time.Hour

var errSealed = errors.New("not what this server gave for this request, or too old")

// A sealer keeps what travels with a client from being read or changed.
type sealer struct {
	aead cipher.AEAD
	err  error // why there is none
}

func newSealer(secret []byte) *sealer {
	if len(secret) == 0 {
		secret = []byte(rand.Text())
	}
	key := sha256.Sum256(secret)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return &sealer{err: err}
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &sealer{aead, err}
}

// seal seals a text for one purpose.
func (s *sealer) seal(text, purpose string) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(sealedFor).Unix()))
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, append(plain, text...), []byte(purpose))), nil
}

// open returns what was sealed for a purpose.
func (s *sealer) open(sealed, purpose string) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return "", errSealed
	}
	plain, err := s.aead.Open(nil, nil, data, []byte(purpose))
	if err != nil || len(plain) < 8 || int64(binary.BigEndian.Uint64(plain)) < time.Now().Unix() {
		return "", errSealed
	}
	return string(plain[8:]), nil
}
