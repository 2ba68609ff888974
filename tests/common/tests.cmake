mestring_test(stream_test service common/stream_test.cc)
mestring_test(relay_test service common/relay_test.cc)
