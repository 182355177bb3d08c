"""Maps -> masses: networks, their training, and what they look at."""
