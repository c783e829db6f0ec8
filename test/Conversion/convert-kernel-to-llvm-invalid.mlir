// RUN: xlstm-opt %s --convert-kernel-to-llvm --split-input-file --verify-diagnostics
// Functions that were not planned, or not together.

// expected-error @below {{'kernel.func' op expects ids, logits and places in memory (run --xlstm-plan-memory first)}}
kernel.func @decode on cpu {
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x8xf32>
  %w = kernel.weight "w" : memref<16x8xf32>
  kernel.embed ids(%ids) table(%w) y(%logits) : memref<1x1xi64>, memref<16x8xf32>, memref<1x1x8xf32>
}

// -----

// expected-error @below {{'kernel.func' op expects ids of one row in native code for the CPU, found 2}}
kernel.func @decode on cpu {
  %ids = kernel.ids : memref<2x1xi64>
  %logits = kernel.logits : memref<2x1x8xf32>
}

// -----

kernel.func @a on cpu {
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x8xf32>
}
// expected-error @below {{'kernel.func' op expects target cpu as the functions before it, found cuda}}
kernel.func @b on cuda {
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x8xf32>
}

// -----

kernel.func @a on cuda {
  %ids = kernel.ids : memref<2x1xi64>
  %logits = kernel.logits : memref<2x1x8xf32>
}
// expected-error @below {{'kernel.func' op expects 2 rows as the functions before it, found 1}}
kernel.func @b on cuda {
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x8xf32>
}

// -----

kernel.func @a on cpu {
  %state = kernel.arena state : memref<128xi8>
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x8xf32>
}
kernel.func @b on cpu {
  // expected-error @below {{'kernel.arena' op expects 128 bytes as in another function, found 64 (run --xlstm-plan-memory on all of them)}}
  %state = kernel.arena state : memref<64xi8>
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x8xf32>
}
