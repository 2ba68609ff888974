// Every contract of protos/ with its comments, which generated code and reflection leave out: a FileDescriptorSet that
// protoc wrote (CMakeLists.txt). Bytes of a megabyte, which no compiler need read as numbers.
        .section .rodata
        .global mestring_contracts
        .global mestring_contracts_end
        .balign 16
mestring_contracts:
        .incbin CONTRACT_SET
mestring_contracts_end:
        .section .note.GNU-stack, "", %progbits
