"""The conformance kit: one suite of cases for every provider, and one for every address.

case       what a case is, and what can become of it
questions, voice, bench                                what is asked, answered, and by whom
identity, asking, answers, streams, failures ─▶ suite  a provider at a scripted upstream
endpoint, live ─▶ live                                 a server at an address
report     tables, JUnit and JSON
"""
