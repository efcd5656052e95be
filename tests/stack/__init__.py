"""The servers that the programs need, started on loopback for `make run`, the tests and the bench.

Only Python's standard library is used here; ministack (sqs.py) runs from build/venv.
"""
