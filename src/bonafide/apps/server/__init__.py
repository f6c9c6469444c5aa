"""The service over HTTP: one raw route that decides, everything else in a framework, and how a process serves both."""
