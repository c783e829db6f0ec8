// RUN: xlstm-opt %s --xlstm-raise-rms-norm --split-input-file | FileCheck %s
// Every spelling of the norm; eps is the decimal that its float32 was written as.

// CHECK-LABEL: onnx.graph @reciprocal(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x4xf32>
onnx.graph @reciprocal(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %two = onnx.initializer = dense<2.0> : tensor<f32> : tensor<f32>
  %axes = onnx.initializer = dense<-1> : tensor<1xi64> : tensor<1xi64>
  %eps = onnx.initializer = dense<9.99999974E-6> : tensor<f32> : tensor<f32>
  %w = onnx.initializer "norm" = dense<0.5> : tensor<4xf32> : tensor<4xf32>
  %square = onnx.Pow %x, %two : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %mean = onnx.ReduceMean %square, %axes {keepdims = 1 : i64} : (tensor<?x?x4xf32>, tensor<1xi64>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %mean, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %root = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %inverse = onnx.Reciprocal %root : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = onnx.Mul %x, %inverse : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  // CHECK-NEXT: %[[W:.*]] = onnx.weight "norm" : tensor<4xf32>
  // CHECK-NEXT: %[[Y:.*]] = lm.rms_norm %[[X]], %[[W]] {eps = 1.000000e-05 : f64}
  // CHECK-NEXT: onnx.return %[[Y]]
  %y = onnx.Mul %w, %n : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  onnx.return %y : tensor<?x?x4xf32>
}

// -----
// CHECK-LABEL: onnx.graph @division(
onnx.graph @division(%x: tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32> {
  %one = onnx.initializer = dense<1.0> : tensor<f32> : tensor<f32>
  %eps = onnx.initializer = dense<1.0e-6> : tensor<f32> : tensor<f32>
  %w = onnx.initializer "norm" = dense<0.5> : tensor<4xf32> : tensor<4xf32>
  %square = onnx.Mul %x, %x : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %mean = onnx.ReduceMean %square {axes = array<i64: -1>, keepdims = 1 : i64} : (tensor<?x?x2x4xf32>) -> tensor<?x?x2x1xf32>
  %sum = onnx.Add %eps, %mean : (tensor<f32>, tensor<?x?x2x1xf32>) -> tensor<?x?x2x1xf32>
  %root = onnx.Sqrt %sum : (tensor<?x?x2x1xf32>) -> tensor<?x?x2x1xf32>
  %inverse = onnx.Div %one, %root : (tensor<f32>, tensor<?x?x2x1xf32>) -> tensor<?x?x2x1xf32>
  %n = onnx.Mul %inverse, %x : (tensor<?x?x2x1xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  // CHECK: lm.rms_norm %{{.*}}, %{{.*}} {eps = 9.99{{.*}}E-7 : f64} : tensor<?x?x2x4xf32>, tensor<4xf32>
  %y = onnx.Mul %n, %w : (tensor<?x?x2x4xf32>, tensor<4xf32>) -> tensor<?x?x2x4xf32>
  onnx.return %y : tensor<?x?x2x4xf32>
}

// -----
// CHECK-LABEL: onnx.graph @operators(
onnx.graph @operators(%x: tensor<?x?x4xf32>, %z: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %w = onnx.initializer "norm" = dense<0.5> : tensor<4xf32> : tensor<4xf32>
  // CHECK: %[[A:.*]] = lm.rms_norm %{{.*}} {eps = 1.000000e-05 : f64}
  %a = onnx.RMSNormalization %x, %w {axis = -1 : i64, epsilon = 9.99999974E-6 : f32, stash_type = 1 : i64} : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  // CHECK: %[[SUM:.*]] = lm.add %[[A]], %{{.*}}
  // CHECK: %[[N:.*]] = lm.rms_norm %[[SUM]]
  // CHECK: onnx.return %[[N]], %[[SUM]]
  %n, %mean, %inverse, %sum = onnx.microsoft.SkipSimplifiedLayerNormalization %a, %z, %w {epsilon = 9.99999974E-6 : f32} : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>)
  onnx.return %n, %sum : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----
// A mean over another axis is no RMS norm.
// CHECK-LABEL: onnx.graph @other_axis(
onnx.graph @other_axis(%x: tensor<2x4x4xf32>) -> tensor<2x4x4xf32> {
  %two = onnx.initializer = dense<2.0> : tensor<f32> : tensor<f32>
  %axes = onnx.initializer = dense<1> : tensor<1xi64> : tensor<1xi64>
  %eps = onnx.initializer = dense<1.0e-5> : tensor<f32> : tensor<f32>
  %w = onnx.initializer "norm" = dense<0.5> : tensor<4xf32> : tensor<4xf32>
  %square = onnx.Pow %x, %two : (tensor<2x4x4xf32>, tensor<f32>) -> tensor<2x4x4xf32>
  // CHECK: onnx.ReduceMean
  // CHECK-NOT: lm.rms_norm
  %mean = onnx.ReduceMean %square, %axes {keepdims = 1 : i64} : (tensor<2x4x4xf32>, tensor<1xi64>) -> tensor<2x1x4xf32>
  %sum = onnx.Add %mean, %eps : (tensor<2x1x4xf32>, tensor<f32>) -> tensor<2x1x4xf32>
  %root = onnx.Sqrt %sum : (tensor<2x1x4xf32>) -> tensor<2x1x4xf32>
  %n = onnx.Div %x, %root : (tensor<2x4x4xf32>, tensor<2x1x4xf32>) -> tensor<2x4x4xf32>
  %y = onnx.Mul %n, %w : (tensor<2x4x4xf32>, tensor<4xf32>) -> tensor<2x4x4xf32>
  onnx.return %y : tensor<2x4x4xf32>
}
