# README.md is true: its programs run, and what it lists is what the code says. (tests/local/run runs its commands.)
mestring_test(readme_test service readme/readme_test.cc LINK ${SERVICES} ctl)
mestring_test(readme_programs_test service readme/readme_programs_test.cc LINK housing)
