mestring_test(checker_test fault faults/checker_test.cc)
mestring_test(bus_faults_test fault faults/bus_faults_test.cc faults/world.cc)
