// RUN: xlstm-opt %s --xlstm-raise-attention --split-input-file | FileCheck %s
// Scale before or after the product, keys transposed either way, repeated key heads, masks by value.

// Eager: two query heads share a key head; the mask is t >= j, from positions.
// CHECK-LABEL: onnx.graph @eager(
// CHECK-SAME: %[[IDS:[^:]*]]: tensor<?x?xi64> {onnx.name = "input_ids"}, %[[X:[^:]*]]: tensor<?x?x8xf32>, %[[K:[^:]*]]: tensor<?x?x4xf32>, %[[DOCS:[^:]*]]: tensor<?x?xi32>
onnx.graph @eager(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %xi: tensor<?x?x8xf32>, %ki: tensor<?x?x4xf32>) -> tensor<?x?x8xf32> {
  %x = lm.add %xi, %xi : tensor<?x?x8xf32>
  %k = lm.add %ki, %ki : tensor<?x?x4xf32>
  %q_split = onnx.initializer = dense<[0, 0, 2, 4]> : tensor<4xi64> : tensor<4xi64>
  %k_split = onnx.initializer = dense<[0, 0, 1, 4]> : tensor<4xi64> : tensor<4xi64>
  %two = onnx.initializer = dense<2> : tensor<1xi64> : tensor<1xi64>
  %repeat = onnx.initializer = dense<[1, 1, 2, 1, 1]> : tensor<5xi64> : tensor<5xi64>
  %joined = onnx.initializer = dense<[0, 2, -1, 4]> : tensor<4xi64> : tensor<4xi64>
  %merged = onnx.initializer = dense<[0, 0, 8]> : tensor<3xi64> : tensor<3xi64>
  %scale = onnx.initializer = dense<0.5> : tensor<f32> : tensor<f32>
  %zero = onnx.initializer = dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.initializer = dense<1> : tensor<i64> : tensor<i64>
  %front = onnx.initializer = dense<0> : tensor<1xi64> : tensor<1xi64>
  %back = onnx.initializer = dense<-1> : tensor<1xi64> : tensor<1xi64>
  %seen = onnx.initializer = dense<0.0> : tensor<f32> : tensor<f32>
  %hidden = onnx.initializer = dense<-3.40282347E+38> : tensor<f32> : tensor<f32>
  %shape = onnx.Shape %ids {start = 1 : i64, end = 2 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %length = onnx.Squeeze %shape : (tensor<1xi64>) -> tensor<i64>
  %t = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %keys = onnx.Unsqueeze %t, %front : (tensor<?xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %queries = onnx.Unsqueeze %t, %back : (tensor<?xi64>, tensor<1xi64>) -> tensor<?x1xi64>
  %causal = onnx.LessOrEqual %keys, %queries : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %mask = onnx.Where %causal, %seen, %hidden : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  // CHECK: %[[QH:.*]] = lm.split_heads %{{.*}} : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
  // CHECK: %[[KH:.*]] = lm.split_heads %{{.*}} : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
  // CHECK: %[[VH:.*]] = lm.split_heads %{{.*}} : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
  // CHECK: %[[H:.*]] = lm.attention %[[QH]], %[[KH]], %[[VH]] docs(%[[DOCS]]) {scale = 5.000000e-01 : f64}
  // CHECK: %[[M:.*]] = lm.merge_heads %[[H]] : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
  // CHECK-NEXT: onnx.return %[[M]]
  %q4 = onnx.Reshape %x, %q_split : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %q = onnx.Transpose %q4 {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %k4 = onnx.Reshape %k, %k_split : (tensor<?x?x4xf32>, tensor<4xi64>) -> tensor<?x?x1x4xf32>
  %kt = onnx.Transpose %k4 {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x1x4xf32>) -> tensor<?x1x?x4xf32>
  %k5 = onnx.Unsqueeze %kt, %two : (tensor<?x1x?x4xf32>, tensor<1xi64>) -> tensor<?x1x1x?x4xf32>
  %kr = onnx.Expand %k5, %repeat : (tensor<?x1x1x?x4xf32>, tensor<5xi64>) -> tensor<?x1x2x?x4xf32>
  %kk = onnx.Reshape %kr, %joined : (tensor<?x1x2x?x4xf32>, tensor<4xi64>) -> tensor<?x2x?x4xf32>
  %kkt = onnx.Transpose %kk {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x2x?x4xf32>) -> tensor<?x2x4x?xf32>
  %scores = onnx.MatMul %q, %kkt : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  %scaled = onnx.Mul %scores, %scale : (tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Add %scaled, %mask : (tensor<?x2x?x?xf32>, tensor<?x?xf32>) -> tensor<?x2x?x?xf32>
  %p = onnx.Softmax %masked {axis = -1 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %h = onnx.MatMul %p, %kk : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ht = onnx.Transpose %h {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x4xf32>) -> tensor<?x?x2x4xf32>
  %m = onnx.Reshape %ht, %merged : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  onnx.return %m : tensor<?x?x8xf32>
}

// -----
// The operator, with a window of 16 that is longer than the text which masks are evaluated for: j > t - 16.
// CHECK-LABEL: onnx.graph @window(
onnx.graph @window(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %xi: tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32> {
  %w = onnx.weight "norm" : tensor<4xf32>
  %x = lm.rms_norm %xi, %w {eps = 1.0e-5 : f64} : tensor<?x?x2x4xf32>, tensor<4xf32>
  %zero = onnx.initializer = dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.initializer = dense<1> : tensor<i64> : tensor<i64>
  %sixteen = onnx.initializer = dense<16> : tensor<i64> : tensor<i64>
  %front = onnx.initializer = dense<[0, 1, 2]> : tensor<3xi64> : tensor<3xi64>
  %around = onnx.initializer = dense<[0, 1, 3]> : tensor<3xi64> : tensor<3xi64>
  %shape = onnx.Shape %ids {start = 1 : i64, end = 2 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %length = onnx.Squeeze %shape : (tensor<1xi64>) -> tensor<i64>
  %t = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %keys = onnx.Unsqueeze %t, %front : (tensor<?xi64>, tensor<3xi64>) -> tensor<1x1x1x?xi64>
  %queries = onnx.Unsqueeze %t, %around : (tensor<?xi64>, tensor<3xi64>) -> tensor<1x1x?x1xi64>
  %causal = onnx.LessOrEqual %keys, %queries : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %oldest = onnx.Sub %queries, %sixteen : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %near = onnx.Greater %keys, %oldest : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %mask = onnx.And %causal, %near : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  %q = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  // 1/sqrt(4), although the graph says 0.49999997.
  // CHECK: lm.attention %[[X:.*]], %[[X]], %[[X]] docs(%{{.*}}) {scale = 5.000000e-01 : f64, window = 16 : i64}
  %h = onnx.Attention %q, %q, %q, %mask {is_causal = 0 : i64, scale = 0.49999997 : f32} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  onnx.return %h : tensor<?x2x?x4xf32>
}

// -----
// Heads of no channels are no heads.
// CHECK-LABEL: onnx.graph @zero(
// CHECK-NOT: lm.split_heads
onnx.graph @zero(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x?x0xf32> {onnx.name = "logits"}) {
  %table = onnx.initializer "t" : tensor<16x0xf32>
  %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x0xf32>, tensor<?x?xi64>) -> tensor<?x?x0xf32>
  %s = onnx.initializer = dense<[0, 0, 0, 4]> : tensor<4xi64> : tensor<4xi64>
  %h = onnx.Reshape %x, %s : (tensor<?x?x0xf32>, tensor<4xi64>) -> tensor<?x?x0x4xf32>
  %s2 = onnx.initializer = dense<[0, 0, 0]> : tensor<3xi64> : tensor<3xi64>
  %l = onnx.Reshape %h, %s2 : (tensor<?x?x0x4xf32>, tensor<3xi64>) -> tensor<?x?x0xf32>
  onnx.return %l : tensor<?x?x0xf32>
}
