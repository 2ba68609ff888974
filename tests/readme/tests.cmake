# README.md is true: what it shows runs, and what it lists is what the code says.
mestring_test(readme_test service readme/readme_test.cc LINK housing ctl)
mestring_test(readme_programs_test service readme/readme_programs_test.cc LINK housing)
