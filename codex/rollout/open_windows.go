package rollout

// openFlags are nothing that Windows would know.
const openFlags = 0
