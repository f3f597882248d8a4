"""Speed and accuracy, measured side by side in one run: ratios hold where absolutes do not."""
