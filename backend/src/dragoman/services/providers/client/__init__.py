"""The HTTP/1.1 client: what a question needs on its way to a provider, and no more.

upstream.py     `HttptoolsUpstream`: whom to ask, and by what
exchange.py     one request and its answer; asked once more where a kept connection was gone
addresses.py    an address becomes the first lines of a request
pool.py         connections: made, kept, and given up
names.py        host names become addresses
connection.py   one connection: bytes in, bytes out, one answer after the other
unpacking.py    gzip and deflate
"""
