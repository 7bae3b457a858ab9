"""Metrics, protocols and reports: how every figure that cleanplate states was measured."""
