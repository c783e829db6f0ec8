// RUN: xlstm-opt %s --xlstm-plan-memory --split-input-file --verify-diagnostics
// Names with two types, models beyond any memory, joins that cannot be side by side.

kernel.func @a on cpu {
  %w = kernel.weight "w" : memref<8xf32>
}
kernel.func @b on cpu {
  // expected-error @below {{'kernel.weight' op expects "w" to have type 'memref<8xf32>' as in an earlier function, found 'memref<8xbf16>'}}
  %w = kernel.weight "w" : memref<8xbf16>
}

// -----

kernel.func @a on cpu {
  // expected-error @below {{'kernel.weight' op expects a model of at most 70368744177664 bytes}}
  %w = kernel.weight "w" : memref<4611686018427387904xi8>
}

// -----

kernel.func @a on cpu {
  %a = kernel.weight "a" : memref<8xf32>
  %b = kernel.weight "b" : memref<8xf32>
}
kernel.func @b on cpu {
  %a = kernel.weight "a" : memref<8xf32>
  %b = kernel.weight "b" : memref<8xf32>
  // expected-error @below {{'kernel.join' op expects its parts one behind the other, found one at 64 instead of 32}}
  %ab = kernel.join %a, %b : memref<8xf32>, memref<8xf32> to memref<16xf32>
}
