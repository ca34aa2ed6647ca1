// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;

/**
 * Gives classes that were compiled for Java 5 the stack maps of Java 6 (JVMS, section 4.7.4). A
 * dynamic archive of class data takes no older ones that are linked (JDK-8288334), a static one
 * takes them unverified (JDK-8261090), and so each start verifies them, by inference. Run by the build, on its copy of a jar; a jar without such classes stays as it
 * is. Expects the jar on its class path, and what its classes refer to.
 */
public final class StackMaps {

    private StackMaps() {}

    /**
     * @param args the jar.
     */
    public static void main(String[] args) throws IOException {
        try (FileSystem jar = FileSystems.newFileSystem(Path.of(args[0]))) {
            for (final Path file : classes(jar.getPath("/"))) {
                final ClassReader old = new ClassReader(Files.readAllBytes(file));
                if (old.readShort(6) < Opcodes.V1_6) {
                    Files.write(file, modern(old));
                }
            }
        }
    }

    private static List<Path> classes(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> file.toString().endsWith(".class"))
                    .collect(Collectors.toList());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] modern(ClassReader old) {
        final ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_FRAMES);
        old.accept(
                new ClassVisitor(Opcodes.ASM9, writer) {
                    @Override
                    public void visit(
                            int version,
                            int access,
                            String name,
                            String signature,
                            String superName,
                            String[] interfaces) {
                        super.visit(
                                Opcodes.V1_6, access, name, signature, superName, interfaces);
                    }
                },
                0);
        return writer.toByteArray();
    }
}
