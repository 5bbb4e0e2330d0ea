using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The calls to other assemblies in a compiled assembly, read from its instructions (ECMA-335, partition III).</summary>
internal static class CompiledCalls
{
    private static readonly Dictionary<short, OpCode> OpCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Every such call in <paramref name="assembly"/>.</summary>
    public static IReadOnlyList<MethodCall> Of(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        return [.. metadata.MethodDefinitions.SelectMany(handle => Of(file, metadata, metadata.GetMethodDefinition(handle)))];
    }

    private static List<MethodCall> Of(PEReader file, MetadataReader metadata, MethodDefinition method)
    {
        var calls = new List<MethodCall>();
        if (method.RelativeVirtualAddress == 0)
        {
            return calls;
        }

        var caller = metadata.GetTypeDefinition(method.GetDeclaringType());
        while (!caller.GetDeclaringType().IsNil)
        {
            caller = metadata.GetTypeDefinition(caller.GetDeclaringType());
        }

        var body = file.GetMethodBody(method.RelativeVirtualAddress).GetILReader();
        while (body.RemainingBytes > 0)
        {
            var code = body.ReadByte() is var first && first == 0xFE ? OpCodes[(short)(0xFE00 | body.ReadByte())] : OpCodes[first];
            if (code.OperandType == OperandType.InlineMethod)
            {
                if (Called(metadata, MetadataTokens.EntityHandle(body.ReadInt32())) is var (type, name))
                {
                    calls.Add(new MethodCall(
                        metadata.GetString(caller.Namespace), metadata.GetString(caller.Name).Split('`')[0], metadata.GetString(method.Name), type, name));
                }
            }
            else if (code.OperandType == OperandType.InlineSwitch)
            {
                var targets = body.ReadInt32();
                body.Offset += 4 * targets;
            }
            else
            {
                body.Offset += OperandSize(code.OperandType);
            }
        }

        return calls;
    }

    private static (string Type, string Method)? Called(MetadataReader metadata, EntityHandle called)
    {
        if (called.Kind == HandleKind.MethodSpecification)
        {
            called = metadata.GetMethodSpecification((MethodSpecificationHandle)called).Method;
        }

        if (called.Kind != HandleKind.MemberReference)
        {
            return null;
        }

        var member = metadata.GetMemberReference((MemberReferenceHandle)called);
        if (member.Parent.Kind != HandleKind.TypeReference)
        {
            return null;
        }

        var type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
        return ($"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}", metadata.GetString(member.Name));
    }

    private static int OperandSize(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };
}
