import { describe, expect, it } from 'vitest';
import { SamusError } from '../errors.js';
import { creationError, providerError, runError, tidyMessage } from './runtimeErrors.js';

describe('errors of ONNX Runtime', () => {
  it.each([
    'std::bad_alloc',
    'Failed to allocate memory for requested buffer of size 9663676416',
    'Array buffer allocation failed',
    'Aborted(OOM)',
    // What WebAssembly says of a buffer beyond its 4 GB; nothing but build paths.
    'failed to call OrtRun(). ERROR_CODE: 1, ERROR_MESSAGE: /mnt/s/onnxruntime/core/common/safeint.h:17 static void ' +
      'SafeIntExceptionHandler<onnxruntime::OnnxRuntimeException>::SafeIntOnOverflow() Integer overflow\n',
  ])('that speak of memory are about the machine: %s', (message) => {
    for (const error of [creationError(new Error(message)), runError(new RangeError(message))]) {
      expect(error).toMatchObject({ kind: 'machine', code: 'RUNTIME_OUT_OF_MEMORY' });
      expect(error.message).toMatch(/^not enough memory for .+: \S/);
      expect(error.hint).toContain('smaller');
    }
  });

  it('keep their text without the build paths', () => {
    const web =
      "Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: /mnt/build/onnxruntime/core/optimizer/initializer.cc:51 " +
      'onnxruntime::Initializer::Initializer(const onnx::TensorProto &) [ONNXRuntimeError] : 1 : FAIL : no such weight';
    expect(creationError(new Error(web))).toMatchObject({
      code: 'MODEL_INVALID',
      message: 'ONNX Runtime did not accept the model: no such weight',
    });
  });

  it('say so where ONNX Runtime gives no reason', () => {
    const paths = 'ERROR_MESSAGE: /mnt/s/onnxruntime/core/framework/x.cc:17 void f() ';
    expect(runError(new Error(paths)).message).toBe(
      'ONNX Runtime failed while running the model without giving a reason',
    );
  });

  it('never quote a value of a tensor', () => {
    const message = 'indices element out of data bounds, idx=70123 must be within the inclusive range [-5,4]';
    expect(tidyMessage(new Error(message))).not.toContain('70123');
  });

  it('pass unchanged if they have a code', () => {
    const coded = new SamusError('RUNTIME_FAILED', 'a', 'b');
    expect(creationError(coded)).toBe(coded);
    expect(runError(coded)).toBe(coded);
  });

  it('list what the machine has when a provider is missing', () => {
    const error = providerError('cuda', [
      { name: 'cpu', available: true, reason: 'a test model ran on it' },
      { name: 'cuda', available: false, reason: 'its libraries are missing' },
    ]);
    expect(error).toMatchObject({ kind: 'machine', code: 'PROVIDER_UNAVAILABLE', hint: 'use one of: cpu' });
    expect(error.message).toContain('its libraries are missing');
    expect(error.details).toMatchObject({ wanted: 'cuda', providers: [{ name: 'cpu' }, { name: 'cuda' }] });
  });
});
