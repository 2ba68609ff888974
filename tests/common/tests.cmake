mestring_test(stream_test service common/stream_test.cc)
