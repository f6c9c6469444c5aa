"""Back-tests over a service's own log: asked for over HTTP, run one at a time by a child process that comes last."""
