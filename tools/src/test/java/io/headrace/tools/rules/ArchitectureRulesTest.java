// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.headrace.HeadraceException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The arrows between packages: who may know whom. */
class ArchitectureRulesTest {

    private static final String ROOT = "io.headrace";
    private static final String MESSAGE = "io.headrace.message..";
    private static final String CODEC = "io.headrace.message.codec..";
    private static final String CHANNEL = "io.headrace.channel..";
    private static final String DELIVERY = "io.headrace.delivery..";
    private static final String PRESENCE = "io.headrace.presence..";
    private static final String JANITOR = "io.headrace.janitor..";
    private static final String WORKER = "io.headrace.worker..";
    private static final String MEMBER = "io.headrace.member..";
    private static final String FRONTEND = "io.headrace.frontend..";
    private static final String SOCKET = "io.headrace.frontend.socket..";
    private static final String HTTP_CODEC = "io.headrace.frontend.codec..";
    private static final String TOOLS = "io.headrace.tools..";
    private static final String[] CORE = {
        ROOT, MESSAGE, CHANNEL, DELIVERY, PRESENCE, JANITOR, WORKER, MEMBER
    };

    private static JavaClasses product;

    @BeforeAll
    static void readClasses() {
        product =
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .withImportOption(location -> !location.contains("-tests.jar"))
                        .importPackages(ROOT);
        assertTrue(product.contain(HeadraceException.class), "bus-core is not on the class path");
    }

    @Test
    void everyPackageShouldHaveItsPlace() {
        check(
                classes()
                        .should()
                        .resideInAnyPackage(
                                ROOT, MESSAGE, CHANNEL, DELIVERY, PRESENCE, JANITOR, WORKER, MEMBER,
                                FRONTEND, TOOLS));
    }

    @Test
    void layersOfTheCoreShouldKnowOnlyThoseBelowThem() {
        check(
                layeredArchitecture()
                        .consideringOnlyDependenciesInLayers()
                        .withOptionalLayers(true)
                        .layer("member")
                        .definedBy(MEMBER)
                        .layer("message")
                        .definedBy(MESSAGE)
                        .layer("channel")
                        .definedBy(CHANNEL)
                        .layer("delivery")
                        .definedBy(DELIVERY)
                        .layer("presence")
                        .definedBy(PRESENCE)
                        .layer("janitor")
                        .definedBy(JANITOR)
                        .layer("worker")
                        .definedBy(WORKER)
                        .whereLayer("member")
                        .mayNotAccessAnyLayer()
                        .whereLayer("message")
                        .mayOnlyAccessLayers("member")
                        .whereLayer("channel")
                        .mayOnlyAccessLayers("member", "message")
                        .whereLayer("delivery")
                        .mayOnlyAccessLayers("member", "message", "channel")
                        .whereLayer("presence")
                        .mayOnlyAccessLayers("member", "message", "channel")
                        .whereLayer("janitor")
                        .mayOnlyAccessLayers("member", "message", "channel", "delivery", "presence")
                        .whereLayer("worker")
                        .mayOnlyAccessLayers(
                                "member", "message", "channel", "delivery", "presence", "janitor"));
    }

    @Test
    void coreShouldKnowNeitherFrontEndNorTools() {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(CORE)
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(FRONTEND, TOOLS));
    }

    @Test
    void frontEndShouldNotKnowTools() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage(FRONTEND)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(TOOLS));
    }

    @Test
    void packagesShouldFormNoCycles() {
        check(slices().assignedFrom(new PackageSlices()).should().beFreeOfCycles());
    }

    @Test
    void chronicleShouldBeKnownByChannelOnly() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages(CHANNEL, WORKER)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("net.openhft.."));
        check(
                noClasses()
                        .that()
                        .resideInAPackage(WORKER)
                        .should()
                        .dependOnClassesThat(
                                JavaClass.Predicates.resideInAPackage("net.openhft..")
                                        .and(
                                                JavaClass.Predicates.resideOutsideOfPackage(
                                                        "net.openhft.affinity.."))));
    }

    @Test
    void threadAffinityShouldBeKnownByOneClassOfWorker() {
        Set<String> users = new TreeSet<>();
        for (JavaClass type : product) {
            boolean uses =
                    type.getDirectDependenciesFromSelf().stream()
                            .map(Dependency::getTargetClass)
                            .anyMatch(t -> t.getPackageName().startsWith("net.openhft.affinity"));
            if (uses && type.getPackageName().startsWith("io.headrace.worker")) {
                users.add(type.getFullName().replaceFirst("\\$.*", ""));
            }
        }
        assertTrue(users.size() <= 1, () -> "thread affinity is known by " + users);
    }

    @Test
    void generatedCodecsShouldBeKnownByMessageOnly() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage(MESSAGE)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(CODEC));
    }

    @Test
    void nettyShouldBeKnownByTheFrontEndOnly() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage(FRONTEND)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.netty.."));
    }

    @Test
    void nettyChannelsShouldBeKnownBySocketOnly() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage(SOCKET)
                        .should()
                        .dependOnClassesThat()
                        .haveFullyQualifiedName("io.netty.channel.Channel"));
    }

    @Test
    void nettyBuffersShouldNotLeaveSocketAndCodec() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages(SOCKET, HTTP_CODEC)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.netty.buffer.."));
    }

    /** A package without code breaks no rule, so each may come when its time has come. */
    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(product);
    }

    /** Every package is a slice of its own, the root package as well. */
    private static final class PackageSlices implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return SliceIdentifier.of(type.getPackageName());
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    }
}
