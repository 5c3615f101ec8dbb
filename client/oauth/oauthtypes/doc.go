// Package oauthtypes has the JSON documents of OAuth that an MCP client reads and
// writes: what protected resources and authorization servers say of themselves,
// and the registration of clients. They are generated from this project's own
// schema.
package oauthtypes
