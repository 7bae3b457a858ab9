"""The HTTP server (extra ``[server]``): the tasks of cleanplate behind ``/api/v1``, and the web page.

``routes`` turn requests into calls of ``tasks``; ``jobs`` queue and bound the work; ``guards`` refuse what may not come
in. Nothing that a client sends is ever used as a path or an address: uploads are bytes, and their names are labels.
"""
