"""Reads and finds files at URLs. Only this package uses fsspec.

fsspec is imported only for URLs: importing it takes longer than checking a small file.
"""
