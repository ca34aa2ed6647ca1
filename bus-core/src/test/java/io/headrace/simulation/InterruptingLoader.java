// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * Loads the project's classes once more, and the product's with a call of {@link
 * Interruption#point} before each access to what processes share: words of memory, records, files.
 * The simulation decides there who goes on, so that a process may be killed, or another one may go
 * round, between any two of them.
 */
final class InterruptingLoader extends ClassLoader {

    private static final String PROJECT = "io.headrace.";
    // The simulation itself, and what works on records before they are appended.
    private static final Set<String> WITHOUT_POINTS =
            Set.of(
                    PROJECT + "simulation.",
                    PROJECT + "testing.",
                    PROJECT + "message.encode.",
                    PROJECT + "message.codec.");
    private static final String POINT = Type.getInternalName(Interruption.class);

    // Of Agrona's buffers, what other processes can tell, or be told by.
    private static final Set<String> BUFFERS =
            Set.of(
                    "org/agrona/concurrent/UnsafeBuffer",
                    "org/agrona/concurrent/AtomicBuffer",
                    "org/agrona/MutableDirectBuffer");
    private static final Set<String> FILES =
            Set.of(
                    "java/nio/file/Files",
                    "java/nio/channels/FileChannel",
                    "net/openhft/chronicle/wire/DocumentContext",
                    "net/openhft/chronicle/queue/ExcerptAppender",
                    "net/openhft/chronicle/queue/ExcerptTailer");

    private int pointCount;

    InterruptingLoader() {
        super(InterruptingLoader.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            final Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            return name.startsWith(PROJECT) ? define(name) : super.loadClass(name, resolve);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream file = getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (file == null) {
                throw new ClassNotFoundException(name);
            }
            final byte[] bytes = file.readAllBytes();
            final byte[] defined =
                    WITHOUT_POINTS.stream().anyMatch(name::startsWith) ? bytes : withPoints(bytes);
            return defineClass(name, defined, 0, defined.length);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] withPoints(byte[] bytes) {
        final ClassReader reader = new ClassReader(bytes);
        final ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        reader.accept(new Points(writer), 0);
        return writer.toByteArray();
    }

    private static boolean isShared(String owner, String method) {
        return FILES.contains(owner)
                || BUFFERS.contains(owner)
                        && (method.startsWith("put")
                                || method.startsWith("compareAndSet")
                                || method.startsWith("getAndAdd")
                                || method.startsWith("setMemory")
                                || method.endsWith("Volatile"));
    }

    private final class Points extends ClassVisitor {

        Points(ClassVisitor next) {
            super(Opcodes.ASM9, next);
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] thrown) {
            final MethodVisitor next =
                    super.visitMethod(access, name, descriptor, signature, thrown);
            return new MethodVisitor(Opcodes.ASM9, next) {
                @Override
                public void visitMethodInsn(
                        int opcode, String owner, String called, String type, boolean isInterface) {
                    if (isShared(owner, called)) {
                        super.visitLdcInsn(pointCount++);
                        super.visitMethodInsn(Opcodes.INVOKESTATIC, POINT, "point", "(I)V", false);
                    }
                    super.visitMethodInsn(opcode, owner, called, type, isInterface);
                }
            };
        }
    }
}
